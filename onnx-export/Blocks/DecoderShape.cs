using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Blocks;

/// <summary>The sizes that every decoder has.</summary>
/// <param name="HiddenSize">Width of the residual stream.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="Heads">Attention heads, the same in every layer.</param>
/// <param name="VocabSize">Rows of the token table.</param>
/// <param name="ContextLength">Most positions.</param>
internal sealed record DecoderShape(
    int HiddenSize, int Layers, AttentionHeads Heads, int VocabSize, int ContextLength)
{
    private const int DefaultContextLength = 2048;

    /// <summary>True where positions are looked up although the attention kernel could turn the heads
    /// itself.</summary>
    public bool LooksUpPositions { get; init; }

    /// <summary>Positions that rotary scaling starts from.</summary>
    public int TrainedLength { get => field > 0 ? field : ContextLength; init; }

    /// <summary>Most positions that a caller may ask for: beyond <see cref="ContextLength"/> where scaled angles are
    /// good for more.</summary>
    public int Reach { get => Math.Max(field, ContextLength); init; }

    /// <summary>Reads the names that most families share; absent ones have the values that transformers gives
    /// them.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="rotaryShare">Share of a head's channels that turn where <c>partial_rotary_factor</c> is absent; 0
    /// for none.</param>
    /// <param name="defaultHeadDim">Size of a head where config.json does not give it; null where all heads together
    /// are as wide as the stream.</param>
    public static DecoderShape Read(ConfigJson config, double rotaryShare = 1, int? defaultHeadDim = null)
    {
        var hidden = config.Size("hidden_size", "n_embd", "n_embed", "d_model");
        var heads = config.Size("num_attention_heads", "n_head", "n_heads", "num_heads", "attention_heads");
        var kvHeads = config.FindSize("num_key_value_heads") ?? heads;
        var headDim = config.FindSize("head_dim") ?? defaultHeadDim ?? HeadDim(hidden, heads);
        var share = rotaryShare > 0 ? RotaryShare(config, rotaryShare) : 0;
        var positions = config.FindSize("max_position_embeddings", "n_positions", "max_seq_len", "seq_length")
            ?? DefaultContextLength;
        var (length, reach) = share > 0 ? ScaledLength.Read(config, positions) : (positions, positions);
        return new DecoderShape(
            hidden,
            config.Size("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
            new AttentionHeads(heads, kvHeads, headDim, (int)(headDim * share)).Checked(),
            config.Size("vocab_size"),
            length)
        {
            TrainedLength = length == positions ? 0 : positions,
            Reach = reach == length ? 0 : reach,
            LooksUpPositions = LongRopeScaling.IsMeant(config.Section("rope_scaling"))
                || LongRopeScaling.IsMeant(config.Section("rope_parameters")),
        };
    }

    /// <summary>The same with as many turned channels as <c>rotary_dim</c> says, where it is there and no share of a
    /// head is.</summary>
    public DecoderShape WithRotaryDim(ConfigJson config) =>
        config.FindSize("rotary_dim") is { } turned && !config.Has("partial_rotary_factor")
            ? this with { Heads = (Heads with { RotaryDim = turned }).Checked() }
            : this;

    /// <summary>True where a layer has a tensor of that name: which of a model's names a checkpoint has.</summary>
    /// <param name="tensors">The checkpoint, whose layers are <c>model.layers</c>.</param>
    /// <param name="name">Name inside a layer.</param>
    public bool AnyLayerHas(ITensorStore tensors, string name) =>
        Enumerable.Range(0, Layers).Any(layer => tensors.Has($"model.layers.{layer}.{name}"));

    /// <summary>The size of a head where config.json does not give it.</summary>
    private static int HeadDim(int hiddenSize, int heads) => hiddenSize % heads == 0
        ? hiddenSize / heads
        : throw new RefusedException(
            $"config.json: {heads} attention heads do not divide a hidden size of {hiddenSize}, and there is no "
            + "head_dim");

    private static double RotaryShare(ConfigJson config, double otherwise)
    {
        var rope = config.Section("rope_parameters") ?? config;
        var share = rope.Positive("partial_rotary_factor", config.Positive("partial_rotary_factor", otherwise));
        return share <= 1
            ? share
            : throw new RefusedException(
                $"config.json: partial_rotary_factor is {share}; it must be above 0, at most 1");
    }
}
