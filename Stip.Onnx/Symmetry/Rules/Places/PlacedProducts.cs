using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Places;

/// <summary>Products of tensors of many positions, with weights and with each other.</summary>
internal static class PlacedProducts
{
    private const int AttentionBias = 5;

    /// <summary>The output of a product, or null where positions must be told apart for it.</summary>
    public static PlacedValue? Follow(OperatorCall call) => call.Operation switch
    {
        "MatMul" => Multiplied(call, call.Input(0), call.Input(1)),
        "Gemm" => Gemm(call),
        "Einsum" => Summed(call),
        _ => Attended(call),
    };

    private static PlacedValue? Multiplied(OperatorCall call, Value left, Value right)
    {
        if (left is PlacedValue rows && right is WeightValue { Rank: 2 })
        {
            return rows.Rank > 1 && rows.Axes[^1].IsFeatures
                ? new PlacedValue(
                    call.Store,
                    [.. rows.Axes[..^1], PlacedAxis.OfFeatures(right.Shape[1])],
                    PlacedSteps.ByRule(call, rows.Core, right).Labels)
                { AlikeRows = rows.AlikeRows }
                : null;
        }

        if (left.Rank < 2 || right.Rank < 2)
        {
            return null;
        }

        var (one, other) = Alike(call, left, right);
        if (one is null || other is null || !one.Axes[^1].Is(other.Axes[^2])
            || !(one.Axes[^1].IsPlaces || one.Axes[^1].IsFeatures))
        {
            return null;
        }

        PlacedAxis[] axes = [.. Batch(one, other), one.Axes[^2], other.Axes[^1]];
        var made = PlacedSteps.ByRule(call, one.Core, other.Core);
        var alike = axes.Length > 2 ? PlacedOperands.AlikeRows(axes, one, other) : 1;
        return one.Axes[^1].IsFeatures && (one.Places == 1 || other.Places == 1)
            ? new PlacedValue(call.Store, axes, made.Labels) { AlikeRows = alike }
            : Told(call, axes, made, alike, one, other);
    }

    // Both over positions: the one that is not takes what batches are made of from the other.
    private static (PlacedValue? Left, PlacedValue? Right) Alike(OperatorCall call, Value left, Value right)
    {
        var leading = ((left as PlacedValue) ?? (PlacedValue)right).Axes[..^2];
        var (rows, inner) = left is PlacedValue one ? (one.Axes[^2], one.Axes[^1])
            : (PlacedAxis.OfFeatures(left.Shape[^2]), ((PlacedValue)right).Axes[^2]);
        var columns = right is PlacedValue other ? other.Axes[^1] : PlacedAxis.OfFeatures(right.Shape[^1]);
        var (placedLeft, placedRight) = (
            PlacedOperands.Like(call, left, [.. leading, rows, inner]),
            PlacedOperands.Like(call, right, [.. leading, inner, columns]));
        return placedLeft is null || placedRight is null || !GoTogether(placedLeft, placedRight)
            ? (null, null)
            : (placedLeft, placedRight);
    }

    private static bool GoTogether(PlacedValue left, PlacedValue right) => Enumerable
        .Range(3, Math.Max(0, Math.Min(left.Rank, right.Rank) - 2))
        .All(i => left.Axes[^i].Length == 1 || right.Axes[^i].Length == 1 || left.Axes[^i].Is(right.Axes[^i]));

    private static IEnumerable<PlacedAxis> Batch(PlacedValue left, PlacedValue right)
    {
        var rank = Math.Max(left.Rank, right.Rank);
        return Enumerable.Range(0, rank - 2).Select(i =>
        {
            var (one, other) = (AxisOf(left, i), AxisOf(right, i));
            return one.Length == 1 ? other : one;
        });

        PlacedAxis AxisOf(PlacedValue value, int axis) =>
            axis < rank - value.Rank ? PlacedAxis.Single : value.Axes[axis - rank + value.Rank];
    }

    private static PlacedValue? Gemm(OperatorCall call) =>
        call.Input(0) is PlacedValue { Rank: 2 } rows && rows.Axes[1].IsFeatures && call.Integer("transA", 0) == 0
        && call.Input(1) is WeightValue && call.Optional(2) is null or WeightValue { Rank: 1 }
            ? Rows(call, rows)
            : null;

    private static PlacedValue Rows(OperatorCall call, PlacedValue rows)
    {
        var made = PlacedSteps.ByRule(call, [rows.Core, .. call.Inputs.Skip(1)]);
        return new PlacedValue(call.Store, [rows.Axes[0], PlacedAxis.OfFeatures(made.Shape[1])], made.Labels)
        {
            AlikeRows = rows.AlikeRows,
        };
    }

    // Queries, keys and values of all heads, and perhaps a bias of scores.
    private static PlacedValue? Attended(OperatorCall call)
    {
        if (call.Inputs.Index().Any(input => input.Item is not null && input.Index is not (< 3 or AttentionBias))
            || call.Inputs.Take(3).Any(input => input is not PlacedValue { Rank: 3 } rows || !rows.Axes[2].IsFeatures
                || !rows.Axes[0].IsPlaces || !rows.Axes[1].IsPlaces))
        {
            return null;
        }

        PlacedValue[] rows = [.. call.Inputs.Take(3).Cast<PlacedValue>()];
        if (!rows[0].Axes[0].Is(rows[1].Axes[0]) || !rows[0].Axes[0].Is(rows[2].Axes[0]))
        {
            return null;
        }

        var bias = call.Optional(AttentionBias);
        var heads = PlacedAxis.OfFeatures((int)call.Integer("num_heads", 1));
        var scores = bias is null ? null : PlacedOperands.Like(
            call, bias, [rows[0].Axes[0], heads, rows[0].Axes[1], rows[1].Axes[1]]);
        if (bias is not null && scores is null)
        {
            return null;
        }

        Value?[] inputs = [.. rows.Select(value => value.Core), null, null, scores?.Core];
        PlacedAxis[] axes = [.. rows[0].Axes[..2], PlacedAxis.OfFeatures(rows[2].Shape[2])];
        return Told(
            call,
            axes,
            PlacedSteps.ByRule(call, scores is null ? inputs[..3] : inputs),
            scores is { Rank: 4 } && scores.Axes[0].Places > 1 ? 1 : PlacedOperands.AlikeRows(axes, rows),
            [.. rows, .. scores is null ? Array.Empty<PlacedValue>() : [scores]]);
    }

    // Two operands whose letters have the same along their axes.
    private static PlacedValue? Summed(OperatorCall call)
    {
        var sides = call.Text("equation", "").Replace(" ", "", StringComparison.Ordinal).Split("->");
        var terms = sides[0].Split(',');
        if (sides.Length != 2 || terms.Length != 2 || call.Inputs.Count != 2 || sides[0].Contains('.'))
        {
            return null;
        }

        var axes = new Dictionary<char, PlacedAxis>();
        foreach (var (value, term) in call.Inputs.Zip(terms).Where(entry => entry.First is PlacedValue))
        {
            foreach (var (letter, axis) in term.Zip(((PlacedValue)value!).Axes))
            {
                if (!axes.TryAdd(letter, axis) && !axis.Is(axes[letter]))
                {
                    return null;
                }
            }
        }

        PlacedValue?[] placed = [.. call.Inputs.Zip(terms).Select((entry, i) => PlacedOperands.Like(
            call, entry.First!, [.. entry.Second.Select((letter, axis) => axes.TryGetValue(letter, out var own)
                ? own : PlacedAxis.OfFeatures(entry.First!.Shape[axis]))]))];
        if (placed[0] is not { } left || placed[1] is not { } right)
        {
            return null;
        }

        foreach (var (letter, axis) in terms[0].Zip(left.Axes).Concat(terms[1].Zip(right.Axes)))
        {
            axes[letter] = axis.Length > 1 ? axis : axes.GetValueOrDefault(letter, axis);
        }

        PlacedAxis[] result = [.. sides[1].Select(letter => axes[letter])];
        return Told(
            call,
            result,
            PlacedSteps.ByRule(call, At(0, left), At(1, right)),
            AlikeRows(sides[1], terms, left, right),
            left,
            right);

        // A weight that is alike at all positions stays one.
        Value At(int operand, PlacedValue value) =>
            call.Inputs[operand] is WeightValue weight && value.Places == 1 ? weight : value.Core;
    }

    // As many as the operands have whose rows come first in them and in the result.
    private static int AlikeRows(string result, string[] terms, params PlacedValue[] operands)
    {
        (PlacedValue Value, string Term)[] over = [.. operands.Zip(terms).Where(one => one.First.Places > 1)];
        int[] rows = [.. over.Select(one => one.Value.AlikeRows).Distinct()];
        return rows.Length == 1 && Array.TrueForAll(over, one => result.Length > 0 && one.Term[0] == result[0]
            && one.Value.Axes[0].Places > 1) ? rows[0] : 1;
    }

    private static PlacedValue Told(
        OperatorCall call, PlacedAxis[] axes, LabelValue made, int alike, params PlacedValue[] operands)
    {
        var kind = call.Kind($"over {PlacedOperands.Layout(operands)} ");
        return new PlacedValue(call.Store, axes, PlacedValue.Each(call.Store, kind, made))
        {
            AlikeRows = alike,
        };
    }
}
