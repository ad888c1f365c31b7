using Stip.Export.Checkpoints;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks;

/// <summary>
/// Attention of every row over every row that counts, as ONNX Runtime's fused kernel: the same bits as MatMul, Softmax,
/// MatMul, with less memory moved.
/// </summary>
/// <param name="encoder">The graph.</param>
/// <param name="sizes">Sizes of a layer.</param>
/// <param name="names">Where the tensors of a layer stand.</param>
internal sealed class EncoderAttention(EncoderGraph encoder, EncoderSizes sizes, EncoderLayerNames names)
{
    /// <summary>Appends the attention of one layer.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Name of the layer in the checkpoint.</param>
    /// <param name="input">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <param name="positions">How the layer knows where rows stand, null where the rows say it.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(string name, string tensor, string input, RowPositions? positions = null)
    {
        var graph = encoder.Graph;
        var widths = graph.Shared("attention.split", sizes.Hidden, sizes.Hidden, sizes.Hidden);
        var parts = graph.Append(
            "",
            "Split",
            $"{name}/Split",
            [Packed($"{name}.qkv", tensor, input), widths],
            [$"{name}/q", $"{name}/k", $"{name}/v"],
            NodeAttribute.Int("axis", -1));
        var (query, key) = positions?.Rotary is { } rotary
            ? (rotary.Turn(graph, $"{name}.q_rotary", parts[0], sizes.Heads),
                rotary.Turn(graph, $"{name}.k_rotary", parts[1], sizes.Heads))
            : (parts[0], parts[1]);
        var joined = graph.AddMicrosoft(
            "MultiHeadAttention",
            name,
            Inputs([query, key, parts[2]], positions?.ScoreBias ?? encoder.ScoreBias),
            [$"{name}/output"],
            NodeAttribute.Int("num_heads", sizes.Heads),
            NodeAttribute.Float("scale", 1 / Math.Sqrt(sizes.HeadDim)))[0];
        return Linear.FromLinear(
            encoder,
            $"{name}.output",
            joined,
            $"{tensor}.{names.Output}",
            sizes.Hidden,
            sizes.Hidden,
            sizes.HasOutputBias);
    }

    // The biases of the projections are added already.
    private IReadOnlyList<string> Inputs(IReadOnlyList<string> parts, string? scoreBias) => scoreBias is { } bias
        ? [.. parts, "", encoder.Mask ?? "", bias]
        : encoder.Mask is { } mask ? [.. parts, "", mask] : parts;

    private string Packed(string name, string tensor, string input)
    {
        if (names.Packed is { } packed)
        {
            return Linear.FromLinear(
                encoder, name, input, $"{tensor}.{packed}", sizes.Hidden, 3 * sizes.Hidden, sizes.HasQkvBias);
        }

        var (tensors, channels) = (encoder.Tensors, HeadPadding.None(sizes.Hidden));
        string[] sources = [$"{tensor}.{names.Query}", $"{tensor}.{names.Key}", $"{tensor}.{names.Value}"];
        var parts = sources.Select(source => new LinearPart(
            tensors.Require($"{source}.weight", sizes.Hidden, sizes.Hidden), channels, channels)).ToList();
        return Linear.Append(encoder, name, input, parts, sizes.HasQkvBias ? Biases(sources) : null);
    }

    private Weight Biases(IReadOnlyList<string> sources)
    {
        var channels = HeadPadding.None(sizes.Hidden);
        return encoder.Weights.Vector([.. sources.Select((source, part) => (
            part == 1 && !names.HasKeyBias
                ? new ZeroTensor($"{source}.bias", [sizes.Hidden])
                : encoder.Tensors.Require($"{source}.bias", sizes.Hidden),
            channels))]);
    }
}
