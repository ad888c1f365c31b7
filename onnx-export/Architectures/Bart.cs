using Stip.Export.Blocks;
using Stip.Export.Blocks.Sequences;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>BART and its kin: encoder and decoder with biases, LayerNorm, and positions that are learned or waves.
/// </summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
/// <param name="form">What it has of its own.</param>
internal sealed class Bart(string name, string modelType, BartForm form) : IArchitecture
{
    // Learned positions begin where fairseq had room for padding.
    private const int SkippedPositions = 2;

    public string Name => name;

    public string ModelType => modelType;

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (config, tensors) = (checkpoint.Config, checkpoint.Tensors);
        if (!config.Flag("share_encoder_decoder_embeddings", true))
        {
            throw new RefusedException(
                "config.json: share_encoder_decoder_embeddings is false; both sides must have one token table");
        }

        var (hidden, vocabulary) = (config.Size("d_model"), config.Size("vocab_size"));
        var words = tensors.Require(
            Array.Find(["model.shared.weight", "model.encoder.embed_tokens.weight"], tensors.Has)
                ?? "model.shared.weight",
            vocabulary,
            hidden);
        var (encoder, decoder) = (Stack(config, tensors, hidden, "encoder"), Stack(config, tensors, hidden, "decoder"));
        const string LogitsBias = "final_logits_bias";
        return SequenceModel.Build(checkpoint, dtype, new SequenceFamily(
            hidden,
            HeadDim(hidden, encoder, decoder),
            vocabulary,
            Norm.Layer(1e-5),
            config.Text("activation_function") ?? form.Activation,
            encoder,
            decoder)
        {
            IsPreNorm = form.IsPreNorm,
            HasBiases = true,
            Scale = 1 / Math.Sqrt((double)hidden / encoder.Heads),
            Words = words,
            WordScale = config.Flag("scale_embedding", form.ScalesWords) ? Math.Sqrt(hidden) : 1,
            Head = config.Flag("tie_word_embeddings", true)
                ? words
                : tensors.Require("lm_head.weight", vocabulary, hidden),
            HeadBias = tensors.Has(LogitsBias)
                ? new ReshapedTensor(tensors.Require(LogitsBias, 1, vocabulary), [vocabulary])
                : null,
        });
    }

    /// <summary>The layers of one side.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="side"><c>encoder</c> or <c>decoder</c>.</param>
    internal static SequenceStack Layers(ConfigJson config, string side) => new(
        $"model.{side}.layers",
        config.Size($"{side}_layers"),
        config.Size($"{side}_attention_heads"),
        config.Size($"{side}_ffn_dim"),
        Attention("self_attn"),
        side == "encoder" ? null : Attention("encoder_attn"),
        Up: "fc1",
        Down: "fc2",
        FeedForwardNorm: "final_layer_norm");

    /// <summary>Channels of a head, the same on both sides.</summary>
    internal static int HeadDim(int hidden, SequenceStack encoder, SequenceStack decoder) =>
        hidden % encoder.Heads == 0 && encoder.Heads == decoder.Heads
            ? hidden / encoder.Heads
            : throw new RefusedException($"config.json: {encoder.Heads} and {decoder.Heads} attention heads for a "
                + $"d_model of {hidden}; both sides must have the same number, and it must divide d_model");

    private SequenceStack Stack(ConfigJson config, ITensorStore tensors, int hidden, string side)
    {
        var root = $"model.{side}";
        return Layers(config, side) with
        {
            Positions = Positions(
                tensors, config.FindSize("max_position_embeddings") ?? 1024, hidden, $"{root}.embed_positions.weight"),
            EmbeddingNorm = form.HasEmbeddingNorm ? $"{root}.layernorm_embedding" : null,
            LastNorm = form.IsPreNorm ? $"{root}.layer_norm" : null,
        };
    }

    private CheckpointTensor Positions(ITensorStore tensors, int count, int hidden, string tensor) =>
        form.Positions switch
        {
            BartPositions.Learned => new TensorRows(
                tensors.Require(tensor, count + SkippedPositions, hidden), SkippedPositions, count),
            BartPositions.Waves => WavePositions.FromZero(count, hidden),
            _ => WavePositions.OfFairseq(count, hidden),
        };

    private static AttentionNames Attention(string part) => new(
        $"{part}.q_proj", $"{part}.k_proj", $"{part}.v_proj", $"{part}.out_proj", $"{part}_layer_norm");
}
