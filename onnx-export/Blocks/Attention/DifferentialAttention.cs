using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Attention;

/// <summary>
/// Differential attention (arXiv 2410.05258): heads of the first half and of the second attend to the same values,
/// those of two heads side by side, and the second takes away from the first. In the graph a head is as wide as such a
/// value, queries and keys filled up with zeros.
/// </summary>
/// <param name="Heads">Sizes: a head is as wide as two stored ones, and the first of them turns.</param>
/// <param name="HasBias">True where all projections have biases.</param>
/// <param name="Norm">The norm of what each pair of heads gives; without weights.</param>
internal sealed record DifferentialAttention(AttentionHeads Heads, bool HasBias, Norm Norm)
{
    // How much the second half counts for before its vectors say otherwise, ever more from layer to layer.
    private const double MostTaken = 0.8;
    private const double LessAtFirst = 0.6;
    private const double Decay = 0.3;

    /// <summary>How positions turn queries and keys.</summary>
    public required RotaryTables Rotary { get; init; }

    // Channels of a stored head.
    private int Dim => Heads.Dim / 2;

    /// <summary>The sizes of a decoder whose heads attend so.</summary>
    /// <exception cref="RefusedException">Heads cannot be paired.</exception>
    public static AttentionHeads Paired(AttentionHeads stored)
    {
        if (stored.Heads % 2 != 0 || (stored.KvHeads > 1 && stored.KvHeads % 2 != 0) || stored.Dim % 4 != 0)
        {
            throw new RefusedException($"config.json: {stored.Heads} heads with {stored.KvHeads} key/value heads of "
                + $"{stored.Dim} channels cannot attend in pairs; the counts must be even (or one key/value head), and "
                + "the channels a multiple of 4");
        }

        return stored with { Dim = 2 * stored.Dim };
    }

    /// <summary>Appends the attention of one layer.</summary>
    /// <returns>Name of the output <c>[batch, seq, hidden]</c>.</returns>
    public string Append(DecoderLayer layer, string input, string part)
    {
        var (decoder, name, tensor) = (layer.Decoder, layer.Name("attention"), layer.Tensor(part));
        string[] outputs =
        [
            $"{name}/output", DecoderPorts.Present(layer.Index, "key"), DecoderPorts.Present(layer.Index, "value"),
        ];
        var attended = decoder.Graph.AddMicrosoft(
            "GroupQueryAttention",
            name,
            [
                Turned(decoder, $"{name}.q", input, $"{tensor}.q_proj", Heads.Heads),
                Turned(decoder, $"{name}.k", input, $"{tensor}.k_proj", Heads.KvHeads),
                Values(decoder, $"{name}.v", input, $"{tensor}.v_proj"),
                decoder.Past(layer.Index, "key"), decoder.Past(layer.Index, "value"),
                DecoderPorts.Lengths, DecoderPorts.TotalLength,
            ],
            outputs,
            NodeAttribute.Int("num_heads", Heads.Heads),
            NodeAttribute.Int("kv_num_heads", Heads.KvHeads),
            NodeAttribute.Float("scale", 1 / Math.Sqrt(Dim)))[0];
        var left = Difference(layer, attended, tensor);
        var stored = decoder.Tensors.Require($"{tensor}.o_proj.weight", decoder.HiddenSize, Heads.Heads * Dim);
        return Linear.FromRows(
            decoder,
            $"{name}.output",
            left,
            stored,
            HasBias ? decoder.Tensors.Require($"{tensor}.o_proj.bias", decoder.HiddenSize) : null);
    }

    private string Turned(DecoderGraph decoder, string name, string input, string tensor, int heads)
    {
        var rows = Linear.FromLinear(decoder, name, input, tensor, decoder.HiddenSize, heads * Dim, HasBias);
        rows = Rotary.Turn(decoder.Graph, $"{name}_rotary", rows, heads, Heads.RotaryDim == Dim ? 0 : Heads.RotaryDim);
        return HeadFilling.Append(
            decoder.Graph, $"{name}_filled", rows, new HeadPadding(heads, Dim, Heads.Dim));
    }

    // Each value is that of a head of the first half beside that of the second.
    private string Values(DecoderGraph decoder, string name, string input, string tensor)
    {
        var half = Math.Max(1, Heads.KvHeads / 2);
        var second = Heads.KvHeads - half;
        var channels = new HeadPadding(2 * Heads.KvHeads, Dim, Dim)
        {
            StoredHeads = Heads.KvHeads,
            Order =
            [
                .. Enumerable.Range(0, Heads.KvHeads)
                    .SelectMany(head => new[] { head % half, (head % half) + second }),
            ],
        };
        var stored = decoder.Tensors.Require($"{tensor}.weight", Heads.KvHeads * Dim, decoder.HiddenSize);
        var bias = HasBias
            ? decoder.Weights.Vector((decoder.Tensors.Require($"{tensor}.bias", Heads.KvHeads * Dim), channels))
            : null;
        return Linear.Append(
            decoder, name, input, [new LinearPart(stored, HeadPadding.None(decoder.HiddenSize), channels)], bias);
    }

    private string Difference(DecoderLayer layer, string attended, string tensor)
    {
        var (decoder, graph, name) = (layer.Decoder, layer.Decoder.Graph, layer.Name("attention.difference"));
        var initial = MostTaken - (LessAtFirst * Math.Exp(-Decay * layer.Index));
        var half = Heads.Heads / 2;
        var halves = graph.Append(
            "",
            "Split",
            $"{name}/Split",
            [attended, graph.Shared("attention.halves", half * Heads.Dim, half * Heads.Dim)],
            [$"{name}/first", $"{name}/second"],
            NodeAttribute.Int("axis", -1));
        var strength = Strength(decoder, tensor, 1) - Strength(decoder, tensor, 2) + initial;
        var share = decoder.Scalar($"{name}.share", strength);
        var rest = graph.Add(
            "Sub", $"{name}/Sub", [halves[0], graph.Add("Mul", $"{name}/Mul", [halves[1], share])]);
        var apart = graph.Add(
            "Reshape", $"{name}.apart", [rest, graph.Shared("attention.pairs", 0, 0, half, Heads.Dim)]);
        var normed = Norm.Append(decoder, $"{name}.norm", tensor, apart, HeadPadding.None(Heads.Dim));
        var scaled = graph.Add("Mul", $"{name}.scaled/Mul", [normed, decoder.Scalar($"{name}.rest", 1 - initial)]);
        return graph.Add(
            "Reshape", $"{name}.together", [scaled, graph.Shared("attention.joined", 0, 0, half * Heads.Dim)]);
    }

    // What a pair of learned vectors comes to.
    private double Strength(DecoderGraph decoder, string tensor, int pair)
    {
        var (query, key) = (new float[Dim], new float[Dim]);
        decoder.Tensors.Require($"{tensor}.lambda_q{pair}", Dim).Read(0, query);
        decoder.Tensors.Require($"{tensor}.lambda_k{pair}", Dim).Read(0, key);
        return Math.Exp(query.Zip(key, (left, right) => (double)left * right).Sum());
    }
}
