using Stip.Keys.Bundles;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Ports;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection.WholeSequences;

/// <summary>What a client gives a language model's graph beside the rows: what masks and positions are for a text that
/// is one, from its first token on.</summary>
internal static class WholeSequenceInputs
{
    private const int MostAxes = 2;
    private const int RowsRank = 3;

    /// <summary>True where the rows of a text are one tensor.</summary>
    public static bool AreRows(WholeSequenceCandidate candidate) => candidate.Source.Features is [var rows]
        && GraphSignature.Inputs(candidate.Part.Graph).Any(
            input => input.Name == rows && input.Shape.Count == RowsRank);

    /// <summary>By the graph's names, those that are told.</summary>
    public static Dictionary<string, string> Told(WholeSequenceCandidate candidate)
    {
        var own = candidate.Source.Inputs.Select(input => input.Name).ToHashSet(StringComparer.Ordinal);
        return Others(candidate).Where(input => own.Contains(input.Name) && input.Shape.Count is > 0 and <= MostAxes)
            .Select(input => (input.Name, Word: candidate.Source.Uses[input.Name] switch
            {
                PortUse.Mask => MaskMeaning.Of(candidate.Part.Graph, input.Name)
                    is StepInputManifest.Blocked or StepInputManifest.Bias
                    ? WholeSequenceManifest.Zeros
                    : WholeSequenceManifest.Ones,
                PortUse.Position => WholeSequenceManifest.Positions,
                _ => null,
            }))
            .Where(input => input.Word is not null)
            .ToDictionary(input => input.Name, input => input.Word!, StringComparer.Ordinal);
    }

    /// <summary>Those that nothing tells.</summary>
    public static IReadOnlyList<string> Untold(
        WholeSequenceCandidate candidate, IReadOnlyDictionary<string, string> told) =>
        [.. Others(candidate).Select(input => input.Name).Where(name => !told.ContainsKey(name))];

    /// <summary>The number at a place of an input.</summary>
    public static int Number(string word, int place) => word switch
    {
        WholeSequenceManifest.Positions => place,
        WholeSequenceManifest.Zeros => 0,
        _ => 1,
    };

    private static IEnumerable<TensorManifest> Others(WholeSequenceCandidate candidate)
    {
        var rows = candidate.Source.Features;
        return GraphSignature.Inputs(candidate.Part.Graph).Where(input => !rows.Contains(input.Name));
    }
}
