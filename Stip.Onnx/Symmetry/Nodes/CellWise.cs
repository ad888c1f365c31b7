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
        var others = new LabelRange[store.Runs.Reach == 1 ? 0 : operands.Length];
        for (var cell = 0; cell < labels.Length;)
        {
            var cells = Follow(store.Runs, operands, cell, labels.Length, 1, children);
            if (cells > 1 || others.Length == 0 || labels.Length - cell < 4)
            {
                cell += Fill(store, kind, traits, children, labels.AsSpan(cell, cells), 1);
                continue;
            }

            // Even and odd lanes apart, as one run where they are the halves of one.
            var pairs = Math.Min(
                Follow(store.Runs, operands, cell, labels.Length, 2, children),
                Follow(store.Runs, operands, cell + 1, labels.Length, 2, others));
            var part = labels.AsSpan(cell, 2 * pairs);
            cell += part.Length;
            if (AreHalves(store.Runs, children, others, pairs))
            {
                var lanes = new int[part.Length];
                Fill(store, kind, traits, children, lanes, 1);
                for (var i = 0; i < lanes.Length; i++)
                {
                    part[i] = lanes[(i / 2) + (i % 2 * pairs)];
                }

                continue;
            }

            Fill(store, kind, traits, children, part, 2);
            Fill(store, kind, traits, others, part[1..], 2);
        }

        return labels;
    }

    private static bool AreHalves(RunTable runs, LabelRange[] evens, LabelRange[] odds, int pairs)
    {
        var goesUp = false;
        for (var i = 0; i < evens.Length; i++)
        {
            var rises = evens[i].Count > 1;
            goesUp |= rises;
            if (rises != odds[i].Count > 1 || odds[i].Start != evens[i].Start + (rises ? pairs : 0)
                || (rises && runs.RunOf(odds[i].Start) != runs.RunOf(evens[i].Start)))
            {
                return false;
            }
        }

        return goesUp && pairs > 1;
    }

    private static int Fill(
        NodeStore store, int kind, RunTraits traits, LabelRange[] children, Span<int> labels, int stride)
    {
        var count = (labels.Length + stride - 1) / stride;
        var goesUp = count > 1 && Array.Exists(children, child => child.Count > 1);
        var lanes = 1;
        if (goesUp || traits.HasFlag(RunTraits.Fresh))
        {
            lanes = count = Math.Min(count, store.LongestRun);
        }

        var first = MakeRun(store, kind, traits, lanes, children);
        for (var i = 0; i < count; i++)
        {
            labels[i * stride] = first + Math.Min(i, lanes - 1);
        }

        return count;
    }

    // How many cells do as the first does; children are set to where they start, with a count of 2 where they go up.
    private static int Follow(
        RunTable runs, ReadOnlySpan<int[]> operands, int cell, int end, int stride, Span<LabelRange> children)
    {
        var cells = (end - cell + stride - 1) / stride;
        for (var i = 0; i < operands.Length; i++)
        {
            var operand = operands[i];
            var label = operand[operand.Length == 1 ? 0 : cell];
            var step = operand.Length == 1 || cells == 1 ? 0 : operand[cell + stride] - label;
            children[i] = new LabelRange(label, step == 1 ? 2 : 1);
            if (operand.Length > 1)
            {
                cells = step switch
                {
                    0 => Staying(operand, cell, cells, stride),
                    1 => Rising(operand, cell, Math.Min(cells, runs.End(runs.RunOf(label)) - label), stride),
                    _ => 1,
                };
            }
        }

        return cells;
    }

    private static int Staying(int[] labels, int cell, int cells, int stride)
    {
        if (stride == 1)
        {
            var other = labels.AsSpan(cell, cells).IndexOfAnyExcept(labels[cell]);
            return other < 0 ? cells : other;
        }

        var count = 1;
        while (count < cells && labels[cell + (count * stride)] == labels[cell])
        {
            count++;
        }

        return count;
    }

    private static int Rising(int[] labels, int cell, int cells, int stride)
    {
        var count = 1;
        while (count < cells && labels[cell + (count * stride)] == labels[cell] + count)
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
