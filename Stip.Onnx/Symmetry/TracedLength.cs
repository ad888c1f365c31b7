using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules;

namespace Stip.Onnx.Symmetry;

/// <summary>The length at which a graph runs that was traced at one, though its inputs leave it free.</summary>
internal static class TracedLength
{
    /// <summary>Tokens, frames or sides of a picture; null where it cannot be followed, or at one row only, which fits
    /// a table of places as if it stood at all of them.</summary>
    /// <param name="path">The ONNX file.</param>
    public static int? Of(string path)
    {
        using var file = ModelFile.Load(path);
        var runs = new SizedRuns(
            [GraphPart.Of(file)],
            [],
            int.MaxValue,
            (NodeStore.DefaultScores, NodeStore.DefaultPlaces, null),
            RuleRegistry.Find);
        try
        {
            runs.Execute();
            return runs.Sizes?.Free is > 1 and var length ? length : null;
        }
        catch (RefusedException)
        {
            return null;
        }
    }
}
