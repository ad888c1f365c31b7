namespace Stip.Onnx.Symmetry.Nodes;

/// <summary>
/// Makes the nodes of many cells at once: cell i hangs on label i of every operand. An operand of one label counts for
/// every cell.
/// </summary>
internal static class CellWise
{
    /// <summary>Nodes whose children have places: the order of the operands matters.</summary>
    public static int[] Ordered(NodeStore store, int kind, params ReadOnlySpan<int[]> operands)
    {
        var labels = new int[Length(operands)];
        var children = new int[operands.Length];
        for (var cell = 0; cell < labels.Length; cell++)
        {
            labels[cell] = store.Ordered(kind, Take(operands, cell, children));
        }

        return labels;
    }

    /// <summary>Nodes whose children may trade places: a sum, a product, a maximum.</summary>
    public static int[] Unordered(NodeStore store, int kind, params ReadOnlySpan<int[]> operands)
    {
        var labels = new int[Length(operands)];
        var children = new int[operands.Length];
        for (var cell = 0; cell < labels.Length; cell++)
        {
            labels[cell] = store.Unordered(kind, Take(operands, cell, children));
        }

        return labels;
    }

    /// <summary>Nodes that equal no others, not even each other.</summary>
    public static int[] Fresh(NodeStore store, int kind, params ReadOnlySpan<int[]> operands)
    {
        var labels = new int[Length(operands)];
        var children = new int[operands.Length];
        for (var cell = 0; cell < labels.Length; cell++)
        {
            labels[cell] = store.Fresh(kind, Take(operands, cell, children));
        }

        return labels;
    }

    /// <summary>Nodes for the cells that are told, the labels of the others left as they are.</summary>
    public static void Where(int[] labels, bool[] isWanted, Func<int[][], int[]> make, params int[][] operands)
    {
        int[] cells = [.. Enumerable.Range(0, labels.Length).Where(cell => isWanted[cell])];
        var made = make(Array.ConvertAll(operands, operand => Array.ConvertAll(cells, cell => operand[cell])));
        for (var i = 0; i < cells.Length; i++)
        {
            labels[cells[i]] = made[i];
        }
    }

    private static int[] Take(ReadOnlySpan<int[]> operands, int cell, int[] children)
    {
        for (var i = 0; i < children.Length; i++)
        {
            children[i] = operands[i].Length == 1 ? operands[i][0] : operands[i][cell];
        }

        return children;
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
