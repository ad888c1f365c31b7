using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Rules.Convolutions;
using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Rules.Sets;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Places;

/// <summary>
/// Follows tensors of many positions without a node for each: what an operator does at one position it does at all, and
/// what it does with positions is in the kind of its nodes.
/// </summary>
internal static class PlacedSteps
{
    private static readonly HashSet<string> ByCell = [.. new ElementwiseRule().Operators];

    /// <summary>The output of an operator, or null where positions must be told apart for it.</summary>
    public static Value? Follow(OperatorCall call)
    {
        if (!call.Indices.IsEmpty || (call.Wants(1) && call.Operation != "Split"))
        {
            return null;
        }

        Value?[] inputs =
            [.. call.Inputs.Select(input => IsLarge(call, input) ? PlacedValue.Of((FeatureMapValue)input!) : input)];
        if (!inputs.Any(input => input is PlacedValue)
            || inputs.Any(input => input is FeatureMapValue or ScoresValue or SequenceValue))
        {
            return null;
        }

        var inner = call.On(inputs);
        var result = Step(inner);
        if (result is null)
        {
            Value?[] unmixed = Array.ConvertAll(
                inputs, input => input is PlacedValue placed ? UnmixedAxes.Of(placed) : input);
            if (!unmixed.AsSpan().SequenceEqual(inputs))
            {
                inner = call.On(unmixed);
                result = Step(inner);
            }
        }

        foreach (var (output, value) in inner.Outputs.Index().Where(entry => entry.Item is not null))
        {
            call.Set(output, value!);
        }

        return result;
    }

    /// <summary>What the operator's usual rule makes of its inputs.</summary>
    /// <exception cref="NotSupportedException">The rule is at a loss.</exception>
    public static LabelValue ByRule(OperatorCall call, params Value?[] inputs)
    {
        var inner = call.On(inputs);
        RuleRegistry.Find(call.Operation)!.Apply(inner);
        return inner.Outputs[0] as LabelValue
            ?? throw new NotSupportedException($"{call.Operation} gives no labels here");
    }

    private static bool IsLarge(OperatorCall call, Value? input) => input is FeatureMapValue map
        && (long)map.Shape[0] * Math.Max(map.Sites.Length, SitesAfter(call)) > call.Store.MostPlaces;

    private static int SitesAfter(OperatorCall call) => call.Operation is "Resize" or "Upsample"
        ? Shapes.Count(ResizeTarget.Of(call).Shape.AsSpan(2))
        : 0;

    private static Value? Step(OperatorCall call) => call.Operation switch
    {
        "Identity" or "Dropout" or "Cast" => call.Input(0),
        "Shape" => Sized(call),
        "Reshape" or "Flatten" or "Squeeze" or "Unsqueeze" or "Transpose" or "Gather" or "Slice" or "Split" or "Pad"
            or "Concat" => PlacedMoves.Follow(call),
        "Expand" => Stretched(call),
        "MatMul" or "Gemm" or "Einsum" or "com.microsoft.MultiHeadAttention" => PlacedProducts.Follow(call),
        "Conv" or "com.microsoft.FusedConv" or "ConvTranspose" or "MaxPool" or "AveragePool" or "LpPool"
            or "DepthToSpace" or "SpaceToDepth" or "GridSample" or "com.microsoft.GridSample"
            => PlacedWindows.Follow(call),
        "BatchNormalization" or "InstanceNormalization" or "GroupNormalization" or "LRN"
            => PlacedWindows.Normalized(call),
        "LayerNormalization" or "SimplifiedLayerNormalization" or "RMSNormalization" => Normalized(call),
        "com.microsoft.SkipLayerNormalization" or "com.microsoft.SkipSimplifiedLayerNormalization" => Skipped(call),
        "Softmax" or "LogSoftmax" or "LpNormalization" => AgainstAxis(call),
        "Where" => CellByCell(call, call.Kind, [.. call.Inputs.OfType<Value>()], commutes: false),
        _ when ByCell.Contains(call.Operation) => CellByCell(
            call, call.Kind, [.. ElementwiseRule.Summands(call)], ElementwiseRule.Commutes(call)),
        _ when call.Operation.StartsWith("Reduce", StringComparison.Ordinal) => Reduced(call),
        "GlobalAveragePool" or "GlobalMaxPool" or "GlobalLpPool" => Pooled(call),
        "Resize" or "Upsample" => Resized(call),
        _ => null,
    };

    private static Value? Sized(OperatorCall call)
    {
        new ShapeRule().Apply(call);
        return call.Outputs[0];
    }

    /// <summary>A function of cells at the same place after stretching.</summary>
    /// <param name="call">The operator.</param>
    /// <param name="kind">The kind of its nodes, told apart by a name.</param>
    /// <param name="operands">Some of them over positions.</param>
    /// <param name="commutes">True where operands may trade places.</param>
    public static PlacedValue? CellByCell(
        OperatorCall call, Func<string, int> kind, Value[] operands, bool commutes)
    {
        operands = Array.ConvertAll(
            operands, operand => operand is FeatureMapValue map ? PlacedValue.Of(map) : operand);
        PlacedValue[] given = [.. operands.OfType<PlacedValue>()];
        if (Common(given) is not { } axes)
        {
            if (SpreadAxes.Alike(given) is not { } alike || Common(alike) is not { } spread)
            {
                return null;
            }

            var next = 0;
            operands = Array.ConvertAll(operands, operand => operand is PlacedValue ? alike[next++] : operand);
            axes = spread;
        }

        PlacedValue?[] placed = Array.ConvertAll(operands, operand => PlacedOperands.Like(call, operand, axes));
        if (Array.Exists(placed, operand => operand is null)
            || Common([.. placed.OfType<PlacedValue>()]) is not { } shape)
        {
            return null;
        }

        PlacedValue[] over = [.. placed.OfType<PlacedValue>().Where(operand => operand.Places > 1)];
        var areAlike = over.Select(operand => PlacedOperands.Layout(Aligned(operand))).Distinct().Count() < 2;
        var name = areAlike ? "" : $"over {PlacedOperands.Layout(placed.OfType<PlacedValue>().Select(Aligned))} ";
        var made = Elementwise.Combine(
            call, kind(name), [.. placed.Select(operand => operand!.Core)], commutes && areAlike);
        return new PlacedValue(call.Store, shape, made.Labels)
        {
            AlikeRows = PlacedOperands.AlikeRows(shape, over),
        };

        PlacedValue Aligned(PlacedValue operand) => operand with
        {
            Axes = [.. Enumerable.Repeat(PlacedAxis.Single, shape.Length - operand.Rank), .. operand.Axes],
        };
    }

    // The axes that operands are stretched to; null where they are made of other parts.
    private static PlacedAxis[]? Common(PlacedValue[] operands)
    {
        var axes = new PlacedAxis[operands.Max(operand => operand.Rank)];
        Array.Fill(axes, PlacedAxis.Single);
        foreach (var operand in operands)
        {
            for (var i = 1; i <= operand.Rank; i++)
            {
                var axis = operand.Axes[^i];
                if (axis.Length != 1 && axes[^i].Length != 1 && !axis.Is(axes[^i]))
                {
                    return null;
                }

                axes[^i] = axis.Length == 1 ? axes[^i] : axis;
            }
        }

        return axes;
    }

    private static PlacedValue? Normalized(OperatorCall call)
    {
        var first = Shapes.Axis(call.Integer("axis", -1), call.Input(0).Rank);
        return call.Input(0) is PlacedValue value && value.Axes[first..].All(axis => axis.IsFeatures)
            && call.Inputs.Skip(1).All(input => input is null or WeightValue or LabelValue or KnownValue)
            && ByRule(call, [value.Core, .. call.Inputs.Skip(1)]) is { } made
            && made.Shape.SequenceEqual(value.Core.Shape)
            ? value with { Labels = made.Labels }
            : null;
    }

    // The sum of a residual and a branch is another output.
    private static PlacedValue? Skipped(OperatorCall call)
    {
        if (call.Input(0) is not PlacedValue value || call.Input(1) is not PlacedValue branch
            || !value.Axes[^1].IsFeatures || value.Rank != branch.Rank
            || !value.Axes.Zip(branch.Axes).All(axes => axes.First.Is(axes.Second))
            || call.Inputs.Skip(2).Any(input => input is not (null or WeightValue)) || call.Wants(1) || call.Wants(2))
        {
            return null;
        }

        var alike = PlacedOperands.AlikeRows(value.Axes, value, branch);
        var inner = call.On([value.Core, branch.Core, .. call.Inputs.Skip(2)]);
        new SkipNormalizationRule().Apply(inner);
        foreach (var (output, made) in inner.Outputs.Index().Where(entry => entry.Item is not null))
        {
            call.Set(output, value with { Labels = ((LabelValue)made!).Labels, AlikeRows = alike });
        }

        return (PlacedValue?)call.Outputs[0];
    }

    private static PlacedValue? AgainstAxis(OperatorCall call)
    {
        if (call.Input(0) is not PlacedValue value)
        {
            return null;
        }

        var axis = Shapes.Axis(call.Integer("axis", -1), value.Rank);
        return value.Axes[axis].IsFeatures ? value with { Labels = ByRule(call, value.Core).Labels }
            : value.Axes[axis].IsPlaces ? Told(call, value, ByRule(call, value.Core), value.Axes, [axis])
            : null;
    }

    private static PlacedValue? Reduced(OperatorCall call)
    {
        if (call.Input(0) is not PlacedValue value)
        {
            return null;
        }

        return Reduced(call, value, ReduceRule.Axes(call, value.Rank), call.Integer("keepdims", 1) != 0);
    }

    private static PlacedValue? Pooled(OperatorCall call) => call.Input(0) is PlacedValue value
        ? Reduced(call, value, [.. Enumerable.Range(2, value.Rank - 2)], keeps: true)
        : null;

    // An axis of one is the same at all positions that it gets.
    private static PlacedValue? Stretched(OperatorCall call)
    {
        if (call.Input(0) is not PlacedValue value || call.Optional(1) is not KnownValue { IsRuntime: false } sizes)
        {
            return null;
        }

        var shape = Shapes.Broadcast(value.Shape, sizes.Integers);
        PlacedAxis[] own = [.. Enumerable.Repeat(PlacedAxis.Single, shape.Length - value.Rank), .. value.Axes];
        var stretched = value with { Axes = own, Shape = Array.ConvertAll(own, axis => axis.Length) };
        int[] along = [.. Enumerable.Range(0, shape.Length).Where(axis => shape[axis] != own[axis].Length)];
        return Told(
            call,
            stretched,
            stretched.Core,
            [.. own.Select((axis, i) => along.Contains(i) ? PlacedAxis.OfPlaces(shape[i]) : axis)],
            along,
            $"to {string.Join(',', along.Select(axis => shape[axis]))}") is var made && along is [0, ..]
            ? made with { AlikeRows = shape[0] }
            : made;
    }

    private static PlacedValue? Resized(OperatorCall call)
    {
        var target = ResizeTarget.Of(call);
        if (call.Input(0) is not PlacedValue given || SpreadAxes.Of(given, target.Axes) is not { } value)
        {
            return null;
        }

        PlacedAxis[] axes = [.. value.Axes.Select((axis, i) =>
            target.Axes.Contains(i) ? PlacedAxis.OfPlaces(target.Shape[i]) : axis)];
        return target.Axes.Length == 0 ? value
            : Told(call, value, value.Core, axes, target.Axes, target.Name);
    }

    private static PlacedValue? Reduced(OperatorCall call, PlacedValue value, int[] axes, bool keeps)
    {
        PlacedAxis[] shape = [.. value.Axes
            .Select((axis, i) => axes.Contains(i) ? keeps ? PlacedAxis.Single : null : axis).OfType<PlacedAxis>()];
        var made = ByRule(call, [value.Core, .. call.Inputs.Skip(1)]);
        return !axes.All(axis => value.Axes[axis].IsFeatures || value.Axes[axis].IsPlaces) || axes.Length == 0 ? null
            : axes.All(axis => value.Axes[axis].IsFeatures)
            ? new PlacedValue(call.Store, shape, made.Labels) { AlikeRows = value.AlikeRows }
            : Told(call, value, made, shape, axes);
    }

    /// <summary>What positions that are treated apart, in a way that the kind tells, are made of.</summary>
    public static PlacedValue Told(
        OperatorCall call, PlacedValue value, LabelValue made, PlacedAxis[] axes, int[] along, string how = "")
    {
        var kind = call.Kind($"over {PlacedOperands.Layout(value)} along {string.Join(',', along)} {how}");
        return new PlacedValue(call.Store, axes, PlacedValue.Each(call.Store, kind, made))
        {
            AlikeRows = !along.Contains(0) && value.Axes[0].Places % value.AlikeRows == 0 ? value.AlikeRows : 1,
        };
    }
}
