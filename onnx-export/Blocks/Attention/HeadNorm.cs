using Stip.Export.Checkpoints;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Attention;

/// <summary>A norm on queries and keys, between their projection and their rotation unless it says otherwise.</summary>
/// <param name="Norm">Which norm.</param>
/// <param name="QueryPart">Its weights for queries in the checkpoint.</param>
/// <param name="KeyPart">Its weights for keys in the checkpoint.</param>
/// <param name="Scope">Over which channels it goes.</param>
internal sealed record HeadNorm(Norm Norm, string QueryPart, string KeyPart, HeadNormScope Scope)
{
    /// <summary>True where it comes after their rotation.</summary>
    public bool FollowsRotary { get; init; }

    /// <summary>Normalises queries or keys.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="block">Name in the graph.</param>
    /// <param name="tensor">Weights in the checkpoint.</param>
    /// <param name="rows">Rows <c>[batch, seq, heads·head_dim]</c>.</param>
    /// <param name="heads">How the heads stand; without padding.</param>
    /// <returns>Rows of the same shape.</returns>
    public string Append(DecoderLayer layer, string block, string tensor, string rows, HeadPadding heads)
    {
        var (decoder, graph) = (layer.Decoder, layer.Decoder.Graph);
        var name = layer.Name(block);
        if (Scope == HeadNormScope.AllHeads)
        {
            return Norm.Append(decoder, name, tensor, rows, HeadPadding.None(heads.Length));
        }

        var apart = graph.Add("Reshape", $"{name}.apart", [rows, Sizes(graph, heads.Heads, heads.Padded)]);
        var normed = Scope == HeadNormScope.EachHead
            ? Norm.Append(decoder, name, tensor, apart, HeadPadding.None(heads.Padded))
            : Weighted(decoder, name, tensor, apart, heads);
        return graph.Add("Reshape", $"{name}.together", [normed, Sizes(graph, heads.Length)]);
    }

    // Every head has its own factors, which the normalisation operator cannot take.
    private string Weighted(DecoderGraph decoder, string name, string tensor, string apart, HeadPadding heads)
    {
        var plain = (Norm with { HasWeights = false }).Append(
            decoder, $"{name}.plain", tensor, apart, HeadPadding.None(heads.Padded));
        var stored = Factors(decoder.Tensors, tensor, heads);
        var factors = decoder.Graph.AddWeight($"{name}.weight", decoder.Weights.Vector((stored, heads)) with
        {
            Shape = [heads.Heads, heads.Padded],
        });
        return decoder.Graph.Add("Mul", $"{name}/Mul", [plain, factors]);
    }

    // One tensor, or (StableLM) one for each head.
    private static CheckpointTensor Factors(ITensorStore tensors, string tensor, HeadPadding heads) =>
        tensors.Has($"{tensor}.norms.0.weight")
            ? new JoinedTensor([.. Enumerable.Range(0, heads.Heads).Select(
                head => tensors.Require($"{tensor}.norms.{head}.weight", heads.Stored))])
            : tensors.Require($"{tensor}.weight", heads.Heads, heads.Stored);

    private static string Sizes(GraphBuilder graph, params ReadOnlySpan<long> last) =>
        graph.Shared($"attention.shape.{string.Join('x', last.ToArray())}", [0, 0, .. last]);
}
