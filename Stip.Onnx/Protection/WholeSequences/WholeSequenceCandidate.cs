using System.Text.Json;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Protection.Tables;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection.WholeSequences;

/// <summary>A graph of another exporter without a cache that scores as many words as it has rows for: a language model,
/// if its rows tell of nothing behind them.</summary>
/// <param name="Source">The graph as it came.</param>
/// <param name="Part">What the server has of it.</param>
/// <param name="Ids">Its input of token ids <c>[batch, length]</c>.</param>
/// <param name="Logits">Its output of scores.</param>
/// <param name="Width">How many words are scored.</param>
internal sealed record WholeSequenceCandidate(
    ForeignSource Source, GraphPart Part, string Ids, string Logits, int Width)
{
    private const int IdsRank = 2;

    /// <summary>Null where a model is none.</summary>
    public static WholeSequenceCandidate? Of(PlainModel plain)
    {
        if (plain.Sources is not [{ Role: GraphRoles.Encoder, HasCaches: false, Signals.Count: 0 } source]
            || plain.Manifest is not { Kind: ModelKinds.Encoder, Labels: null, VocabSize: > 0 and var width }
            || plain.Parts.FirstOrDefault(part => !part.IsClient) is not { } part)
        {
            return null;
        }

        var ids = source.TokenNames?.GetValueOrDefault(LookupTerms.Ids) ?? LookupTerms.Ids;
        var graph = plain.Manifest.Graphs[source.Role];
        var logits = graph.NameOf(GraphManifest.Logits);
        var isOfText = source.Inputs.Any(
            input => input.Name == ids && input.Type.TensorType.Shape?.Dim.Count == IdsRank);

        // Tables have rows for padding that no head scores; labels are few.
        return isOfText && source.Limits.TryGetValue(ids, out var rows) && width <= rows && 2L * width > rows
            && graph.Outputs.Any(output => output.Name == logits
                && output.Shape is [.., { ValueKind: JsonValueKind.Number } last] && last.GetInt64() == width)
            ? new WholeSequenceCandidate(source, part, ids, logits, width)
            : null;
    }
}
