using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Rules.Sets;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Matrices;

/// <summary>Sums of products in Einstein's notation, two operands at a time, as matrix products.</summary>
internal sealed class EinsumRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Einsum"];

    public void Apply(OperatorCall call)
    {
        var operands = call.Inputs.Select((_, i) => call.Input(i)).ToList();
        var (terms, output) = Terms(call.Text("equation", ""), operands);
        var (value, letters) = (operands[0], terms[0]);
        for (var i = 1; i < operands.Count; i++)
        {
            var needed = output + string.Concat(terms.Skip(i + 1));
            (value, letters) = Pair(call, (value, letters), (operands[i], terms[i]), needed);
        }

        value = Summed(call, value, ref letters, output);
        call.Set(0, Arranged(value, letters, output));
    }

    // The dots stand for axes that all operands share, here by letters of their own.
    private static (List<string> Terms, string Output) Terms(string equation, List<Value> operands)
    {
        var sides = equation.Replace(" ", "", StringComparison.Ordinal).Split("->");
        var terms = sides[0].Split(',').ToList();
        var dotted = operands.Zip(terms).Where(pair => pair.Second.Contains("...", StringComparison.Ordinal))
            .Select(pair => pair.First.Rank - pair.Second.Length + 3).DefaultIfEmpty(0).Max();
        var dots = string.Concat(Enumerable.Range(0, dotted).Select(i => (char)('α' + i)));
        for (var i = 0; i < terms.Count; i++)
        {
            var count = operands[i].Rank - terms[i].Length + 3;
            terms[i] = terms[i].Replace(
                "...", count > 0 ? dots[^Math.Min(count, dotted)..] : "", StringComparison.Ordinal);
            if (terms[i].Distinct().Count() != terms[i].Length)
            {
                throw new NotSupportedException($"Einsum '{equation}' with a diagonal");
            }
        }

        return (terms, sides.Length > 1
            ? sides[1].Replace("...", dots, StringComparison.Ordinal)
            : dots + string.Concat(terms.SelectMany(term => term).Where(char.IsAsciiLetter).GroupBy(letter => letter)
                .Where(group => group.Count() == 1).Select(group => group.Key).Order()));
    }

    private static (Value Value, string Letters) Pair(
        OperatorCall call, (Value Value, string Letters) left, (Value Value, string Letters) right, string needed)
    {
        var (a, b) = (left.Letters, right.Letters);
        var first = Summed(call, left.Value, ref a, needed + b);
        var second = Summed(call, right.Value, ref b, needed + a);
        var shared = a.Where(b.Contains).ToArray();
        var batch = string.Concat(shared.Where(needed.Contains));
        var inner = string.Concat(shared.Where(letter => !needed.Contains(letter)));
        var rows = string.Concat(a.Where(letter => !b.Contains(letter)));
        var columns = string.Concat(b.Where(letter => !a.Contains(letter)));
        var sizes = a.Zip(first.Shape).Concat(b.Zip(second.Shape)).GroupBy(pair => pair.First)
            .ToDictionary(group => group.Key, group => group.Max(pair => pair.Second));
        var product = MatMulRule.Multiply(
            call,
            Matrix(first, a, batch, rows, inner),
            Matrix(second, b, batch, inner, columns));
        var letters = batch + rows + columns;
        return (product with { Shape = [.. letters.Select(letter => sizes[letter])] }, letters);
    }

    private static Value Matrix(Value value, string letters, string batch, string rows, string columns)
    {
        var arranged = Arranged(value, letters, batch + rows + columns);
        var (first, second) = (batch.Length, batch.Length + rows.Length);
        return ReshapeRule.Reshape(arranged, [
            .. arranged.Shape[..first], Shapes.Count(arranged.Shape.AsSpan(first, rows.Length)),
            Shapes.Count(arranged.Shape.AsSpan(second)),
        ]);
    }

    private static Value Arranged(Value value, string letters, string order) => letters == order
        ? value
        : Moves.ByAxes(value, [.. order.Select(letter => letters.IndexOf(letter, StringComparison.Ordinal))
            .Select(axis => AxisPick.All(axis, value.Shape[axis]))]);

    // Letters that nothing else has are summed at once.
    private static Value Summed(OperatorCall call, Value value, ref string letters, string kept)
    {
        int[] gone = [.. letters.Select((letter, axis) => (letter, axis))
            .Where(entry => !kept.Contains(entry.letter)).Select(entry => entry.axis)];
        if (gone.Length == 0)
        {
            return value;
        }

        letters = string.Concat(letters.Where(kept.Contains));
        var sums = AgainstSet.Sets(call, call.Labels(value), gone, "ReduceSum");
        return sums with { Shape = [.. value.Shape.Where((_, axis) => !gone.Contains(axis))] };
    }
}
