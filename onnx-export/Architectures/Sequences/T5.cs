using Stip.Export.Blocks;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Architectures.Sequences;

/// <summary>What T5 and its kin have in common: RMSNorm before each part, unscaled scores to which distances add, no
/// biases.</summary>
/// <param name="config">config.json.</param>
/// <param name="family">Name of the family: T5's own function is another than that of those after it.</param>
/// <param name="hasOwnDistances">True where every layer has a table of distances (UMT5), false where the first one's
/// serves all.</param>
internal sealed class T5(ConfigJson config, string family, bool hasOwnDistances)
{
    /// <summary>Names of the token table, which published files have under one or several.</summary>
    public static readonly string[] WordNames =
        ["shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"];

    private const int DefaultPositions = 512;
    private const string Gated = "gated-";

    private readonly string _activation = config.Text("feed_forward_proj")
        ?? (family.StartsWith("T5", StringComparison.Ordinal) || family.StartsWith("Long", StringComparison.Ordinal)
            ? "relu"
            : "gated-gelu");

    /// <summary>Most tokens of a text; nothing in the model depends on it.</summary>
    public int Positions => config.FindSize("n_positions", "max_position_embeddings") ?? DefaultPositions;

    public int VocabSize => config.Size("vocab_size");

    public bool IsGated => _activation.StartsWith(Gated, StringComparison.Ordinal);

    /// <summary>Sizes of the layers.</summary>
    public EncoderSizes Sizes => new EncoderSizes(
        config.Size("d_model"),
        config.Size("d_ff"),
        config.Size("num_layers"),
        config.Size("num_heads"),
        Activation(),
        config.Positive("layer_norm_epsilon", 1e-6),
        HasQkvBias: false)
    {
        OwnHeadDim = config.Size("d_kv"),
        OwnScale = 1,
        IsRms = true,
        HasOutputBias = false,
        HasInnerBias = false,
        HasDownBias = false,
    };

    /// <summary>What distances add to scores.</summary>
    public DistanceBias Distances(int heads, bool isTwoSided)
    {
        var buckets = config.FindSize("relative_attention_num_buckets") ?? 32;
        return new DistanceBias(buckets, heads)
        {
            Buckets = buckets,
            Farthest = config.FindSize("relative_attention_max_distance") ?? 128,
            IsTwoSided = isTwoSided,
        };
    }

    /// <summary>The table of distances of a layer.</summary>
    public string DistanceTable(string stack, int layer, string attention = "SelfAttention") =>
        $"{stack}.block.{DistancesOf(layer)}.layer.0.{attention}.relative_attention_bias";

    /// <summary>The layer whose table a layer reads.</summary>
    public int DistancesOf(int layer) => hasOwnDistances ? layer : 0;

    /// <summary>Names inside a layer of the encoder.</summary>
    public EncoderLayerNames EncoderLayer => Layer("layer.1");

    /// <summary>The same of a layer of the decoder, but for its attention to the encoder.</summary>
    public EncoderLayerNames DecoderLayer => Layer("layer.2");

    /// <summary>How rows of the encoder, which all see each other, know where they stand in a layer.</summary>
    public Func<int, RowPositions> EncoderPositions(EncoderGraph encoder) => layer =>
    {
        var bias = $"score_bias.{DistancesOf(layer)}";
        return new RowPositions(ScoreBias: encoder.Graph.Has($"{bias}/output")
            ? $"{bias}/output"
            : Distances(Sizes.Heads, isTwoSided: true).Append(encoder, DistanceTable("encoder", layer), bias));
    };

    private EncoderLayerNames Layer(string wide) => new(
        Query: "layer.0.SelfAttention.q",
        Key: "layer.0.SelfAttention.k",
        Value: "layer.0.SelfAttention.v",
        Output: "layer.0.SelfAttention.o",
        AttentionNorm: "layer.0.layer_norm",
        Up: IsGated ? $"{wide}.DenseReluDense.wi_1" : $"{wide}.DenseReluDense.wi",
        Down: $"{wide}.DenseReluDense.wo",
        FeedForwardNorm: $"{wide}.layer_norm")
    {
        Gate = IsGated ? $"{wide}.DenseReluDense.wi_0" : null,
    };

    // A gated GELU is the approximated one, unless the function is named apart.
    private string Activation() => _activation switch
    {
        "gated-gelu" or "gated-silu" or "gated-relu" or "relu" or "gelu" or "silu"
            when config.Text("dense_act_fn") is { } function => function,
        "gated-gelu" => "gelu_new",
        "gated-silu" => "silu",
        "gated-relu" => "relu",
        "relu" or "gelu" or "silu" => _activation,
        _ => throw new RefusedException(
            $"config.json: feed_forward_proj is '{_activation}'; it must be relu, gelu, silu or one of them with "
            + "'gated-' before it"),
    };
}
