using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Symmetry.Rules.Picking;

/// <summary>Cells of which it is only known that they show one of several options.</summary>
internal static class Choice
{
    /// <summary>The option itself where all are the same, else a node of the options in their order.</summary>
    /// <param name="store">Where nodes are made.</param>
    /// <param name="kind">How the choice is made.</param>
    /// <param name="options">At least one; all of one length.</param>
    /// <param name="chooser">What decides, where that is a label: one for each cell, or one for all.</param>
    public static int[] Of(NodeStore store, int kind, int[][] options, int[]? chooser = null)
    {
        int[] open = [.. Enumerable.Range(0, options[0].Length)
            .Where(cell => options.Any(option => option[cell] != options[0][cell]))];
        var labels = options[0].ToArray();
        if (open.Length == 0)
        {
            return labels;
        }

        int[][] operands = chooser is null ? options : [chooser, .. options];
        var made = CellWise.Ordered(store, kind, Array.ConvertAll(operands, operand =>
            operand.Length == 1 ? operand : Array.ConvertAll(open, cell => operand[cell])));
        for (var i = 0; i < open.Length; i++)
        {
            labels[open[i]] = made[i];
        }

        return labels;
    }
}
