using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Attention;

/// <summary>
/// DeepSeek's attention (arXiv 2405.04434): keys and values come out of a narrow latent vector, and a part of each head
/// that knows positions is shared by all keys. The cache holds whole keys and values, as that of any decoder.
/// </summary>
/// <param name="Heads">Sizes: a head is as wide as a key or a value, whichever is wider; what turns is its
/// end.</param>
/// <param name="KeyDim">Channels of a key.</param>
/// <param name="ValueDim">Channels of a value.</param>
/// <param name="LatentDim">Width of what keys and values come out of.</param>
internal sealed record LatentAttention(AttentionHeads Heads, int KeyDim, int ValueDim, int LatentDim)
{
    /// <summary>Width of what queries come out of, null where they come out of the rows.</summary>
    public int? QueryLatentDim { get; init; }

    /// <summary>True where the projections into latent vectors and the way back have biases.</summary>
    public bool HasBias { get; init; }

    /// <summary>Factor on the scores.</summary>
    public double Scale { get; init; } = 1 / Math.Sqrt(KeyDim);

    /// <summary>How positions turn the end of queries and keys.</summary>
    public required RotaryTables Rotary { get; init; }

    /// <summary>The norm on latent vectors.</summary>
    public Norm LatentNorm { get; init; } = Norm.Rms(1e-6);

    /// <summary>Name of a factor on queries <c>[batch, seq, 1]</c> that hangs on positions, null for none.</summary>
    public string? QueryFactor { get; init; }

    // Channels that do not turn: as stored, and filled up to what the kernel takes.
    private int Still => KeyDim - Heads.RotaryDim;

    private int FilledStill => Heads.PaddedDim - Heads.RotaryDim;

    /// <summary>The sizes of config.json.</summary>
    public static DecoderShape ReadShape(ConfigJson config)
    {
        var (still, turned) = (config.Size("qk_nope_head_dim"), config.Size("qk_rope_head_dim"));
        if (config.FindSize("qk_head_dim") is { } whole && whole != still + turned)
        {
            throw new RefusedException($"config.json: qk_head_dim is {whole}; it must be {still + turned}, "
                + "qk_nope_head_dim and qk_rope_head_dim together");
        }

        var heads = config.Size("num_attention_heads");
        var values = ReadValueDim(config);
        var shape = DecoderShape.Read(config, defaultHeadDim: values);
        return shape with
        {
            Heads = new AttentionHeads(heads, heads, Math.Max(still + turned, values), turned).Checked(),
            LooksUpPositions = true,
        };
    }

    /// <summary>Reads what config.json says, once <see cref="ReadShape"/> gave the sizes.</summary>
    public static LatentAttention Read(ConfigJson config, AttentionHeads heads, RotaryTables rotary) =>
        new(
            heads,
            config.Size("qk_nope_head_dim") + config.Size("qk_rope_head_dim"),
            ReadValueDim(config),
            config.Size("kv_lora_rank"))
        {
            QueryLatentDim = config.FindSize("q_lora_rank"),
            HasBias = config.Flag("attention_bias", false),
            Rotary = rotary,
        };

    /// <summary>Appends the attention of one layer.</summary>
    /// <returns>Name of the output <c>[batch, seq, hidden]</c>.</returns>
    public string Append(DecoderLayer layer, string input, string part)
    {
        var (decoder, name, tensor) = (layer.Decoder, layer.Name("attention"), layer.Tensor(part));
        var query = Query(decoder, name, input, tensor);
        query = QueryFactor is null
            ? query
            : decoder.Graph.Add("Mul", $"{name}.q_factor/Mul", [query, QueryFactor]);
        var (key, value) = KeyAndValue(decoder, name, input, tensor);
        string[] outputs =
        [
            $"{name}/output", DecoderPorts.Present(layer.Index, "key"), DecoderPorts.Present(layer.Index, "value"),
        ];
        var attended = decoder.Graph.AddMicrosoft(
            "GroupQueryAttention",
            name,
            [
                query, key, value,
                decoder.Past(layer.Index, "key"), decoder.Past(layer.Index, "value"),
                DecoderPorts.Lengths, DecoderPorts.TotalLength,
            ],
            outputs,
            NodeAttribute.Int("num_heads", Heads.Heads),
            NodeAttribute.Int("kv_num_heads", Heads.Heads),
            NodeAttribute.Float("scale", Scale))[0];
        return new OutputProjection("o_proj", HasBias).Append(
            decoder, $"{name}.output", attended, tensor, new HeadPadding(Heads.Heads, ValueDim, Heads.PaddedDim));
    }

    private static int ReadValueDim(ConfigJson config) =>
        config.FindSize("v_head_dim") ?? config.Size("hidden_size") / config.Size("num_attention_heads");

    private string Query(DecoderGraph decoder, string name, string input, string tensor)
    {
        var (matrix, width) = ($"{tensor}.q_proj.weight", decoder.HiddenSize);
        if (QueryLatentDim is { } latent)
        {
            var narrow = Linear.FromLinear(
                decoder, $"{name}.q_latent", input, $"{tensor}.q_a_proj", width, latent, HasBias);
            input = LatentNorm.Append(
                decoder, $"{name}.q_latent_norm", $"{tensor}.q_a_layernorm", narrow, HeadPadding.None(latent));
            (matrix, width) = ($"{tensor}.q_b_proj.weight", latent);
        }

        var stored = decoder.Tensors.Require(matrix, Heads.Heads * KeyDim, width);
        var still = new HeadPadding(Heads.Heads, Still, FilledStill) { Stride = KeyDim };
        var turned = new HeadPadding(Heads.Heads, Heads.RotaryDim, Heads.RotaryDim)
        {
            Stride = KeyDim,
            Skipped = Still,
        };
        var inputs = HeadPadding.None(width);
        var product = Linear.Append(
            decoder,
            $"{name}.q",
            input,
            [new LinearPart(stored, inputs, still), new LinearPart(stored, inputs, turned)],
            bias: null);
        var (own, turning) = Split(decoder.Graph, $"{name}.q", product, still.Length, turned.Length);
        turning = Rotary.Turn(decoder.Graph, $"{name}.q_rotary", turning, Heads.Heads);
        return Joined(decoder.Graph, $"{name}.q", own, Apart(decoder.Graph, $"{name}.q_turned", turning, Heads.Heads));
    }

    private (string Key, string Value) KeyAndValue(DecoderGraph decoder, string name, string input, string tensor)
    {
        var graph = decoder.Graph;
        var both = Linear.FromLinear(
            decoder,
            $"{name}.latent",
            input,
            $"{tensor}.kv_a_proj_with_mqa",
            decoder.HiddenSize,
            LatentDim + Heads.RotaryDim,
            HasBias);
        var (latent, turning) = Split(graph, $"{name}.latent", both, LatentDim, Heads.RotaryDim);
        latent = LatentNorm.Append(
            decoder, $"{name}.latent_norm", $"{tensor}.kv_a_layernorm", latent, HeadPadding.None(LatentDim));
        var stride = Still + ValueDim;
        var stored = decoder.Tensors.Require($"{tensor}.kv_b_proj.weight", Heads.Heads * stride, LatentDim);
        var keys = new HeadPadding(Heads.Heads, Still, FilledStill) { Stride = stride };
        var values = new HeadPadding(Heads.Heads, ValueDim, Heads.PaddedDim) { Stride = stride, Skipped = Still };
        var inputs = HeadPadding.None(LatentDim);
        var product = Linear.Append(
            decoder,
            $"{name}.kv",
            latent,
            [new LinearPart(stored, inputs, keys), new LinearPart(stored, inputs, values)],
            bias: null);
        var (own, value) = Split(graph, $"{name}.kv", product, keys.Length, values.Length);
        turning = Apart(graph, $"{name}.k_turned", Rotary.Turn(graph, $"{name}.k_rotary", turning, 1), 1);
        turning = graph.Add("Expand", $"{name}.k/Expand", [turning, Shared(graph, 1, 1, Heads.Heads, 1)]);
        return (Joined(graph, $"{name}.k", own, turning), value);
    }

    // What stands still of each head, then what turns.
    private string Joined(GraphBuilder graph, string name, string own, string turned)
    {
        var head = graph.Add(
            "Concat",
            $"{name}/Concat",
            [Apart(graph, $"{name}.own", own, Heads.Heads), turned],
            NodeAttribute.Int("axis", -1));
        return graph.Add("Reshape", $"{name}/heads", [head, Shared(graph, 0, 0, Heads.Heads * Heads.PaddedDim)]);
    }

    private static string Apart(GraphBuilder graph, string name, string rows, int heads) =>
        graph.Add("Reshape", $"{name}/apart", [rows, Shared(graph, 0, 0, heads, -1)]);

    private static (string First, string Second) Split(
        GraphBuilder graph, string name, string rows, int first, int second)
    {
        var parts = graph.Append(
            "",
            "Split",
            $"{name}/Split",
            [rows, Shared(graph, first, second)],
            [$"{name}/first", $"{name}/second"],
            NodeAttribute.Int("axis", -1));
        return (parts[0], parts[1]);
    }

    private static string Shared(GraphBuilder graph, params ReadOnlySpan<long> values) =>
        graph.Shared($"attention.shape.{string.Join('x', values.ToArray())}", values);
}
