using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Attention;

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
        var widths = graph.Shared("attention.split", sizes.QueryWidth, sizes.KeyWidth, sizes.KeyWidth);
        var parts = graph.Append(
            "",
            "Split",
            $"{name}/Split",
            [Packed($"{name}.qkv", tensor, input), widths],
            [$"{name}/q", $"{name}/k", $"{name}/v"],
            NodeAttribute.Int("axis", -1));
        var (query, key) = (
            Normed($"{name}.q_norm", tensor, names.QueryNorm, parts[0], sizes.QueryWidth),
            Normed($"{name}.k_norm", tensor, names.KeyNorm, parts[1], sizes.KeyWidth));
        if (positions?.Rotary is { } rotary)
        {
            query = Turn(rotary, $"{name}.q_rotary", query, sizes.Heads);
            key = Turn(rotary, $"{name}.k_rotary", key, sizes.KvHeads ?? sizes.Heads);
        }

        var joined = graph.AddMicrosoft(
            "MultiHeadAttention",
            name,
            Inputs(
                [query, Repeated($"{name}.k_shared", key), Repeated($"{name}.v_shared", parts[2])],
                positions?.ScoreBias ?? encoder.ScoreBias),
            [$"{name}/output"],
            NodeAttribute.Int("num_heads", sizes.Heads),
            NodeAttribute.Float("scale", sizes.ScoreScale))[0];
        return Linear.FromLinear(
            encoder,
            $"{name}.output",
            joined,
            $"{tensor}.{names.Output}",
            sizes.QueryWidth,
            sizes.Hidden,
            sizes.HasOutputBias);
    }

    private string Repeated(string name, string rows) => SharedHeads.Append(
        encoder.Graph, name, rows, sizes.KvHeads ?? sizes.Heads, sizes.Heads, sizes.HeadDim);

    // The biases of the projections are added already.
    private IReadOnlyList<string> Inputs(IReadOnlyList<string> parts, string? scoreBias) => scoreBias is { } bias
        ? [.. parts, "", encoder.Mask ?? "", bias]
        : encoder.Mask is { } mask ? [.. parts, "", mask] : parts;

    private string Normed(string name, string tensor, string? norm, string rows, int width) => norm is null
        ? rows
        : sizes.Norm.Append(encoder, name, $"{tensor}.{norm}", rows, HeadPadding.None(width));

    private string Turn(RotaryTables rotary, string name, string rows, int heads) => rotary.Turn(
        encoder.Graph, name, rows, heads, rotary.Turned == sizes.HeadDim ? 0 : rotary.Turned);

    private string Packed(string name, string tensor, string input)
    {
        var (tensors, channels) = (encoder.Tensors, HeadPadding.None(sizes.Hidden));
        (string Name, HeadPadding Rows)[] sources = names.Packed is { } packed
            ? [($"{tensor}.{packed}", PackedRows())]
            :
            [
                ($"{tensor}.{names.Query}", HeadPadding.None(sizes.QueryWidth)),
                ($"{tensor}.{names.Key}", HeadPadding.None(sizes.KeyWidth)),
                ($"{tensor}.{names.Value}", HeadPadding.None(sizes.KeyWidth)),
            ];
        var parts = sources.Select(source => new LinearPart(
            tensors.Require($"{source.Name}.weight", source.Rows.StoredLength, sizes.Hidden),
            channels,
            source.Rows)).ToList();
        return Linear.Append(encoder, name, input, parts, sizes.HasQkvBias ? Biases(sources) : null);
    }

    private HeadPadding PackedRows()
    {
        var all = new HeadPadding(3 * sizes.Heads, sizes.HeadDim, sizes.HeadDim);
        return names.IsPackedByHead ? all with { Order = [.. Enumerable.Range(0, all.Heads).Select(Stored)] } : all;

        int Stored(int head) => (3 * (head % sizes.Heads)) + (head / sizes.Heads);
    }

    private Weight Biases((string Name, HeadPadding Rows)[] sources) =>
        encoder.Weights.Vector([.. sources.Select((source, part) => (
            sources.Length > 1 && !(part == 0 ? names.HasQueryBias : part == 1 ? names.HasKeyBias : names.HasValueBias)
                ? new ZeroTensor($"{source.Name}.bias", [source.Rows.StoredLength])
                : encoder.Tensors.Require($"{source.Name}.bias", source.Rows.StoredLength),
            source.Rows))]);
}
