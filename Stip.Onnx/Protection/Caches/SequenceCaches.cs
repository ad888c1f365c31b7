using System.Text.Json;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Symmetry;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection.Caches;

/// <summary>What the steps of a decoder beside an encoder hand on: its own rows' states, which grow, and what the first
/// step makes of the encoder's, which stays.</summary>
internal static class SequenceCaches
{
    /// <summary>The cache of the later steps; null where they take something that is neither.</summary>
    /// <param name="first">The server's graph of the first step.</param>
    /// <param name="next">That of later steps.</param>
    /// <param name="sent">What clients send to it.</param>
    /// <param name="joins">What one gives the other.</param>
    public static CacheManifest? Find(
        GraphPart first, GraphPart next, IReadOnlyCollection<string> sent, IReadOnlyList<PortJoin> joins)
    {
        var own = CachePairs.Find(next.Graph, next.Model.Functions, sent);
        var inputs = GraphSignature.Inputs(next.Graph);
        var known = KnownAxes.Of(next.Graph);
        var cross = new List<CacheTensorManifest>();
        foreach (var input in inputs.Where(input => own.All(pair => pair.Past != input.Name)))
        {
            var from = joins.FirstOrDefault(join => join.To == $"{next.Key}.{input.Name}"
                && join.From.StartsWith($"{first.Key}.", StringComparison.Ordinal));
            if (from is null && !KeptStates.IsState(input.Name))
            {
                continue;
            }

            if (from is null || Axes(input, known) is not { } axes)
            {
                return null;
            }

            cross.Add(new CacheTensorManifest(input.Name, from.From[(first.Key.Length + 1)..], axes));
        }

        return Manifest(own, cross);
    }

    private static CacheManifest? Manifest(
        IReadOnlyList<CacheTensorManifest> own, List<CacheTensorManifest> cross)
    {
        int[] lengths = own.Count == 0 ? [] :
        [
            .. own[0].Axes.Where(axis => axis.ValueKind == JsonValueKind.Number).Select(axis => axis.GetInt32()),
        ];
        return lengths is not [var heads, var headDim] || cross.Count == 0 ? null
            : new CacheManifest(CacheLayouts.Growing, own.Count / 2, heads, headDim, Tensors: own, Cross: cross);
    }

    /// <summary>The cache of a decoder that is both steps in one graph; null where it takes something else.</summary>
    /// <param name="decoder">The server's graph.</param>
    /// <param name="others">Its rows, and the encoder's states.</param>
    public static CacheManifest? FindMerged(GraphPart decoder, string[] others)
    {
        var (inputs, outputs) = (GraphSignature.Inputs(decoder.Graph), GraphSignature.Outputs(decoder.Graph));
        var known = KnownAxes.Of(decoder.Graph);
        string[] taken = SequenceStates.Kept(decoder.Graph.Input, others);
        var pairs = Pairs(decoder, taken);
        var (own, cross) = (new List<CacheTensorManifest>(), new List<CacheTensorManifest>());
        foreach (var input in inputs.Where(input => KeptStates.IsState(input.Name) || taken.Contains(input.Name)))
        {
            var given = pairs.GetValueOrDefault(input.Name);
            var output = outputs.FirstOrDefault(output => output.Name == given);
            if (output is null || output.Shape.Count != input.Shape.Count || Axes(input, known) is not { } axes)
            {
                return null;
            }

            // What the source gave is as long before a step as after it.
            var length = Array.FindIndex(
                axes, axis => axis.ValueKind == JsonValueKind.String && axis.ValueEquals(CacheTensorManifest.Length));
            var stays = input.Shape[length].ToString() == output.Shape[length].ToString();
            (stays ? cross : own).Add(new CacheTensorManifest(input.Name, output.Name, axes));
        }

        return Manifest(own, cross);
    }

    // Outputs by the inputs that they become.
    private static Dictionary<string, string> Pairs(GraphPart decoder, string[] taken)
    {
        var named = SequenceStates.ByWords(decoder.Graph, decoder.Graph).ToArray();
        var pairs = named.Length > 0
            ? named
            : SequenceStates.ByEnds(SequenceStates.Kept(decoder.Graph.Output, decoder.Logits), taken) ?? [];
        return pairs.ToDictionary(pair => pair.To, pair => pair.From, StringComparer.Ordinal);
    }

    // [batch, heads, length, dim] of the source: two axes are free.
    private static JsonElement[]? Axes(TensorManifest input, IReadOnlyDictionary<string, int> known)
    {
        var axes = input.Shape.Select(axis => axis.ValueKind == JsonValueKind.Number
            ? axis
            : known.TryGetValue(axis.ToString(), out var length) ? JsonSerializer.SerializeToElement(length)
            : default).ToArray();
        int[] free = [.. Enumerable.Range(0, axes.Length).Where(i => axes[i].ValueKind == JsonValueKind.Undefined)];
        if (free is not [var batch, var source])
        {
            return null;
        }

        axes[batch] = JsonSerializer.SerializeToElement(CacheTensorManifest.Batch);
        axes[source] = JsonSerializer.SerializeToElement(CacheTensorManifest.Length);
        return axes;
    }
}
