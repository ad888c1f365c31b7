namespace Stip.Onnx.Symmetry.Nodes;

/// <summary>
/// Makes the nodes of many cells at once: cell i hangs on label i of every operand. An operand of one label counts for
/// every cell. Cells whose operands go up one by one, or stay, become one run.
/// </summary>
internal static class CellWise
{
    /// <summary>Nodes whose children have places: the order of the operands matters.</summary>
    public static int[] Ordered(NodeStore store, int kind, params ReadOnlySpan<int[]> operands) =>
        Make(store, kind, RunTraits.Ordered, operands);

    /// <summary>Nodes whose children may trade places: a sum, a product, a maximum.</summary>
    public static int[] Unordered(NodeStore store, int kind, params ReadOnlySpan<int[]> operands) =>
        Make(store, kind, RunTraits.None, operands);

    /// <summary>Nodes that equal no others, not even each other.</summary>
    public static int[] Fresh(NodeStore store, int kind, params ReadOnlySpan<int[]> operands) =>
        Make(store, kind, RunTraits.Ordered | RunTraits.Fresh, operands);

    private static int[] Make(NodeStore store, int kind, RunTraits traits, ReadOnlySpan<int[]> operands)
    {
        var labels = new int[Length(operands)];
        var children = new LabelRange[operands.Length];
        for (var cell = 0; cell < labels.Length;)
        {
            var cells = Follow(store.Runs, operands, cell, labels.Length, children);
            var goesUp = cells > 1 && Array.Exists(children, child => child.Count > 1);
            var lanes = 1;
            if (goesUp || traits.HasFlag(RunTraits.Fresh))
            {
                lanes = cells = Math.Min(cells, store.LongestRun);
            }

            var first = MakeRun(store, kind, traits, lanes, children);
            for (var i = 0; i < cells; i++)
            {
                labels[cell + i] = first + Math.Min(i, lanes - 1);
            }

            cell += cells;
        }

        return labels;
    }

    // How many cells do as the first does; children are set to where they start, with a count of 2 where they go up.
    private static int Follow(
        RunTable runs, ReadOnlySpan<int[]> operands, int cell, int end, Span<LabelRange> children)
    {
        var cells = end - cell;
        for (var i = 0; i < operands.Length; i++)
        {
            var operand = operands[i];
            var label = operand[operand.Length == 1 ? 0 : cell];
            var step = operand.Length == 1 || cells == 1 ? 0 : operand[cell + 1] - label;
            children[i] = new LabelRange(label, step == 1 ? 2 : 1);
            if (operand.Length > 1)
            {
                cells = step switch
                {
                    0 => Staying(operand.AsSpan(cell, cells)),
                    1 => Rising(operand.AsSpan(cell, Math.Min(cells, runs.End(runs.RunOf(label)) - label))),
                    _ => 1,
                };
            }
        }

        return cells;
    }

    private static int Staying(ReadOnlySpan<int> labels)
    {
        var other = labels.IndexOfAnyExcept(labels[0]);
        return other < 0 ? labels.Length : other;
    }

    private static int Rising(ReadOnlySpan<int> labels)
    {
        var count = 1;
        while (count < labels.Length && labels[count] == labels[0] + count)
        {
            count++;
        }

        return count;
    }

    private static int MakeRun(NodeStore store, int kind, RunTraits traits, int lanes, LabelRange[] children)
    {
        if (lanes == 1 && traits == RunTraits.None)
        {
            return store.Unordered(kind, Array.ConvertAll(children, child => child.Start));
        }

        for (var i = 0; i < children.Length; i++)
        {
            children[i] = new LabelRange(children[i].Start, children[i].Count > 1 ? lanes : 1);
        }

        if (!traits.HasFlag(RunTraits.Ordered))
        {
            Array.Sort(children, (left, right) =>
                left.Start != right.Start ? left.Start - right.Start : left.Count - right.Count);
        }

        return store.Find(kind, lanes, traits, children);
    }

    private static int Length(ReadOnlySpan<int[]> operands)
    {
        var length = 1;
        foreach (var operand in operands)
        {
            if (operand.Length != 1)
            {
                length = length == 1 || length == operand.Length ? operand.Length : throw new InvalidDataException(
                    $"operands of {length} and {operand.Length} cells do not go together");
            }
        }

        return length;
    }
}
