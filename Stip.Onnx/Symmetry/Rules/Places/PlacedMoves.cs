using System.Globalization;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Places;

/// <summary>Moves tensors of many positions: features as cells are moved, positions as vectors, by the kind of a
/// node.</summary>
internal static class PlacedMoves
{
    /// <summary>The output of an operator that only moves, or null where positions must be told apart for it.</summary>
    public static PlacedValue? Follow(OperatorCall call) => call.Operation == "Concat" ? Joined(call)
        : call.Inputs[0] is PlacedValue value && call.Inputs.Skip(1).All(
            input => input is null or KnownValue { IsRuntime: false }) ? Moved(call, value)
        : null;

    private static PlacedValue? Moved(OperatorCall call, PlacedValue value) => call.Operation switch
    {
        "Reshape" or "Flatten" => Reshaped(value, ReshapeRule.ShapeOf(call, value.Shape)),
        "Squeeze" or "Unsqueeze" => Reshaped(value, Squeezed(call, value.Shape)),
        "Transpose" => Turned(call, value),
        "Gather" => Gathered(call, value),
        "Slice" => Picked(value, SliceRule.Picks(call, value.Shape)),
        "Split" => Split(call, value),
        "Pad" => Padded(call, value),
        _ => null,
    };

    // Axes are filled from the parts in their order; a part that is too long is cut.
    private static PlacedValue? Reshaped(PlacedValue value, int[] shape)
    {
        var parts = new Stack<PlacedFactor>(value.Axes.SelectMany(axis => axis.Factors).Reverse());
        var axes = new PlacedAxis[shape.Length];
        for (var i = 0; i < axes.Length; i++)
        {
            var factors = new List<PlacedFactor>();
            for (var left = shape[i]; left > 1;)
            {
                if (!parts.TryPop(out var part))
                {
                    return null;
                }

                if (part.Length > left)
                {
                    if (part.Length % left != 0)
                    {
                        return null;
                    }

                    parts.Push(part with { Length = part.Length / left });
                    part = part with { Length = left };
                }

                if (left % part.Length != 0)
                {
                    return null;
                }

                factors.Add(part);
                left /= part.Length;
            }

            axes[i] = PlacedAxis.Of(factors);
        }

        return value with { Axes = axes, Shape = shape };
    }

    private static int[] Squeezed(OperatorCall call, int[] shape)
    {
        var given = call.Integers("axes")?.ToArray()
            ?? (call.Optional(1) is null ? null : call.Known(1).Integers.Select(axis => (long)axis).ToArray());
        if (call.Operation == "Squeeze")
        {
            var dropped = given?.Select(axis => Shapes.Axis(axis, shape.Length)).ToHashSet();
            return [.. shape.Where((length, axis) => dropped is null ? length != 1 : !dropped.Contains(axis))];
        }

        var rank = shape.Length + (given?.Length ?? 0);
        var (added, next) = ((given ?? []).Select(axis => Shapes.Axis(axis, rank)).ToHashSet(), 0);
        return [.. Enumerable.Range(0, rank).Select(axis => added.Contains(axis) ? 1 : shape[next++])];
    }

    private static PlacedValue Turned(OperatorCall call, PlacedValue value)
    {
        var order = call.Integers("perm")?.Select(axis => (int)axis).ToArray()
            ?? [.. Enumerable.Range(0, value.Rank).Reverse()];
        var axes = Array.ConvertAll(order, axis => value.Axes[axis]);
        var made = ((LabelValue)Moves.ByAxes(
            value.Core, Array.ConvertAll(order, axis => AxisPick.All(axis, value.Axes[axis].Features)))).Labels;
        int[] places = [.. order.Where(axis => value.Axes[axis].Places > 1)];
        var turned = new PlacedValue(value.Store, axes, made);
        if (places.AsSpan().SequenceEqual(places.Order().ToArray()))
        {
            return turned with { AlikeRows = value.AlikeRows };
        }

        // Which of the axes of positions, counted among themselves, comes where.
        int[] lengths = [.. value.Layout.Where(length => length > 1)];
        var ranks = places.Select(axis => places.Count(other => other < axis));
        return turned with
        {
            Labels = turned.Made($"positions {string.Join('x', lengths)} by {string.Join(',', ranks)}"),
            AlikeRows = places[0] == places.Min() && value.Axes[places[0]].Places % value.AlikeRows == 0
                ? value.AlikeRows : 1,
        };
    }

    private static PlacedValue? Gathered(OperatorCall call, PlacedValue value)
    {
        var (axis, indices) = (Shapes.Axis(call.Integer("axis", 0), value.Rank), call.Known(1));
        var length = value.Shape[axis];
        var places = Array.ConvertAll(indices.Integers, index => Shapes.Axis(index, length));
        if (places.Any(place => place < 0 || place >= length))
        {
            return null;
        }

        var picks = Whole(value);
        picks[axis] = new AxisPick(axis, places);
        return Picked(value, picks) is not { } picked || indices.Rank == 1 ? Picked(value, picks)
            : Reshaped(picked, [.. value.Shape[..axis], .. indices.Shape, .. value.Shape[(axis + 1)..]]);
    }

    private static PlacedValue? Split(OperatorCall call, PlacedValue value)
    {
        var axis = Shapes.Axis(call.Integer("axis", 0), value.Rank);
        var lengths = SplitRule.Lengths(call, value.Shape[axis]);
        var start = 0;
        var parts = Array.ConvertAll(lengths, length =>
        {
            var picks = Whole(value);
            picks[axis] = new AxisPick(axis, [.. Enumerable.Range(start, length)]);
            start += length;
            return Picked(value, picks);
        });
        if (Array.Exists(parts, part => part is null))
        {
            return null;
        }

        foreach (var (output, part) in parts.Index())
        {
            call.Set(output, part!);
        }

        return parts[0];
    }

    // Features are taken one by one, positions by a node that says which.
    private static PlacedValue? Picked(PlacedValue value, AxisPick[] picks)
    {
        var axes = value.Axes.ToArray();
        var core = Array.ConvertAll(picks, pick => pick);
        var how = new List<string>();
        for (var axis = 0; axis < axes.Length; axis++)
        {
            var indices = picks[axis].Indices;
            if (indices.AsSpan().SequenceEqual(AxisPick.All(axis, axes[axis].Length).Indices))
            {
                core[axis] = AxisPick.All(axis, axes[axis].Features);
            }
            else if (axes[axis].IsFeatures)
            {
                (core[axis], axes[axis]) = (picks[axis], PlacedAxis.OfFeatures(indices.Length));
            }
            else if (axes[axis].IsPlaces && indices.Length > 0)
            {
                how.Add(string.Create(CultureInfo.InvariantCulture, $"{axis} by {PlacedValue.Digest<int>(indices)}"));
                (core[axis], axes[axis]) = (AxisPick.All(axis, 1), PlacedAxis.OfPlaces(indices.Length));
            }
            else
            {
                return null;
            }
        }

        var picked = new PlacedValue(value.Store, axes, ((LabelValue)Moves.ByAxes(value.Core, core)).Labels);
        var keepsRows = how.Count == 0 || (axes.Length > 0 && axes[0].Is(value.Axes[0])
            && axes[0].Places % value.AlikeRows == 0 && !how[0].StartsWith("0 ", StringComparison.Ordinal));
        return picked with
        {
            Labels = how.Count == 0 ? picked.Labels
                : picked.Made($"positions {PlacedOperands.Layout(value)} at {string.Join(' ', how)}"),
            AlikeRows = keepsRows ? value.AlikeRows : 1,
        };
    }

    private static PlacedValue? Padded(OperatorCall call, PlacedValue value)
    {
        var pads = PadRule.Pads(call, value.Rank);
        int[] padded = [.. Enumerable.Range(0, value.Rank).Where(axis => pads[axis] != 0
            || pads[axis + value.Rank] != 0)];
        if (padded.All(axis => value.Axes[axis].IsFeatures))
        {
            var core = PlacedSteps.ByRule(call, [value.Core, .. call.Inputs.Skip(1)]);
            return new PlacedValue(
                value.Store,
                [.. value.Axes.Select((axis, i) => axis.IsFeatures ? PlacedAxis.OfFeatures(core.Shape[i]) : axis)],
                core.Labels)
            { AlikeRows = value.AlikeRows };
        }

        if (padded.Any(axis => !value.Axes[axis].IsPlaces))
        {
            return null;
        }

        var fill = call.Optional(2) is null ? call.Float("value", 0) : call.Known(2).Numbers[0];
        var how = string.Create(
            CultureInfo.InvariantCulture, $"{call.Text("mode", "constant")} {fill:R} {string.Join(',', pads)}");
        return new PlacedValue(
            value.Store,
            [.. value.Axes.Select((axis, i) => padded.Contains(i)
                ? PlacedAxis.OfPlaces(axis.Places + pads[i] + pads[i + value.Rank]) : axis)],
            value.Made($"positions {PlacedOperands.Layout(value)} within {how}"))
        {
            AlikeRows = !padded.Contains(0) && value.Axes[0].Places % value.AlikeRows == 0 ? value.AlikeRows : 1,
        };
    }

    private static PlacedValue? Joined(OperatorCall call)
    {
        var first = call.Inputs.OfType<PlacedValue>().First();
        var axis = Shapes.Axis(call.Integer("axis", 0), first.Rank);
        PlacedAxis[] around = [.. first.Axes.Select((one, i) => i == axis ? PlacedAxis.Single : one)];
        var parts = call.Inputs.OfType<Value>().Select(input => Part(call, input, around, first.Axes[axis])).ToArray();
        if (parts.Length != call.Inputs.Count || Array.Exists(parts, part => part is null
            || part.Axes.Index().Any(one => one.Index != axis && !one.Item.Is(around[one.Index]))))
        {
            return null;
        }

        PlacedValue[] all = [.. parts.OfType<PlacedValue>()];
        var axes = around.ToArray();
        if (all.All(part => part.Axes[axis].IsFeatures))
        {
            var core = (LabelValue)ConcatRule.Concat([.. all.Select(part => part.Core)], axis);
            axes[axis] = PlacedAxis.OfFeatures(core.Shape[axis]);
            return new PlacedValue(call.Store, axes, core.Labels) { AlikeRows = PlacedOperands.AlikeRows(axes, all) };
        }

        if (!all.All(part => part.Axes[axis].IsPlaces))
        {
            return null;
        }

        axes[axis] = PlacedAxis.OfPlaces(all.Sum(part => part.Shape[axis]));
        var kind = call.Kind($"over {PlacedOperands.Layout(all)} ");
        var order = new LaneAxis(call.Store.Runs, all[0].Core.Shape, all[0].Labels);
        var labels = order.Back(CellWise.Ordered(
            call.Store, kind, [.. all.Select(part => order.There(part.Labels))]));
        return new PlacedValue(call.Store, axes, labels)
        {
            AlikeRows = axis > 0 ? PlacedOperands.AlikeRows(axes, all) : 1,
        };
    }

    // What is joined along positions is made of positions, whatever it is along the others.
    private static PlacedValue? Part(OperatorCall call, Value input, PlacedAxis[] around, PlacedAxis along)
    {
        var axis = Array.FindIndex(around.Zip(input.Shape).ToArray(), one => one.First.Length != one.Second);
        return input.Rank != around.Length ? null
            : axis < 0 ? PlacedOperands.Like(call, input, around)
            : PlacedOperands.Like(call, input, [.. around.Select((one, i) => i != axis ? one
                : along.IsFeatures ? PlacedAxis.OfFeatures(input.Shape[i]) : PlacedAxis.OfPlaces(input.Shape[i]))]);
    }

    private static AxisPick[] Whole(PlacedValue value) =>
        [.. value.Axes.Select((axis, i) => AxisPick.All(i, axis.Length))];
}
