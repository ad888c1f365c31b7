using System.Globalization;

namespace Stip.Onnx.Protection;

/// <summary>
/// What is done where a package differs from its model: once, everything that the first node that is off touches is
/// held still, and the draw made again. Numbers that are equal by chance are ranked by their places, so they differ
/// where the search cannot see it; held, they are as they were.
/// </summary>
internal static class SecondTry
{
    /// <summary>The model with that node held; null where no node is named, or one is held already.</summary>
    public static PlainModel? Of(PlainModel plain, VerificationReport report) =>
        report.FaultNode is var (part, output) && plain.Parts.All(held => held.Held.Count == 0)
            ? plain.Holding(part, output)
            : null;

    /// <summary>What is said of a package that differs.</summary>
    public static RefusedException Differs(VerificationReport report)
    {
        var place = report.Fault is { } fault ? $"{fault}; " : "";
        return new RefusedException(string.Create(
            CultureInfo.InvariantCulture,
            $"the protected model differs from the plain one: {report.Worst} "
            + $"(largest |Δ{report.Compared}| {report.MaxAbsDiff:G3}); {place}nothing was written"));
    }

    /// <summary>Draws again.</summary>
    /// <param name="first">What was wrong with the first package.</param>
    /// <param name="draw">The draw.</param>
    /// <exception cref="RefusedException">With that node held, too little would be hidden.</exception>
    public static IReadOnlyList<DrawnPlans> Draw(RefusedException first, Func<IReadOnlyList<DrawnPlans>> draw)
    {
        try
        {
            return draw();
        }
        catch (RefusedException e)
        {
            throw new RefusedException($"{first.Message}; with all that this node touches held still, {e.Message}", e);
        }
    }

    /// <summary>Removes what the first try wrote.</summary>
    public static void Empty(string outputFolder)
    {
        foreach (var folder in Directory.GetDirectories(outputFolder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>What was held, a line each.</summary>
    public static IEnumerable<string> Held(PlainModel plain) => plain.Parts.SelectMany(part =>
        part.Graph.Node.Where(node => node.Output.Any(part.Held.Contains)).Select(node =>
            $"all that node '{node.Name}' ({node.OpType}) of '{part.FileName}' touches stays in place: with it moving, "
            + "the package differed from its model"));
}
