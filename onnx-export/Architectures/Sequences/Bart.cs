using Stip.Export.Architectures.Encoders;
using Stip.Export.Blocks;
using Stip.Export.Blocks.Sequences;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Sequences;

/// <summary>BART and its kin: encoder and decoder with biases, LayerNorm, and positions that are learned or waves.
/// </summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
/// <param name="form">What it has of its own.</param>
internal sealed class Bart(string name, string modelType, BartForm form) : IArchitecture
{
    // Learned positions begin where fairseq had room for padding.
    private const int SkippedPositions = 2;
    private const string HeadName = "lm_head.weight";

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

        // Keys and values beside those of the rows, in every attention of MVP's fine-tuned models.
        config.RefuseFlag("use_prompt");
        var (hidden, vocabulary) = (config.Size("d_model"), config.Size("vocab_size"));
        var words = SequenceTables.Words(
            tensors,
            vocabulary,
            hidden,
            HeadName,
            "model.shared.weight",
            "model.encoder.embed_tokens.weight",
            "model.decoder.embed_tokens.weight");
        var (encoder, decoder) = (Stack(config, tensors, hidden, "encoder"), Stack(config, tensors, hidden, "decoder"));
        const string LogitsBias = "final_logits_bias";
        return SequenceModel.Build(checkpoint, dtype, new SequenceFamily(
            hidden,
            BartStack.HeadDim(hidden, encoder, decoder),
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
            Head = SequenceTables.Head(tensors, HeadName, words, config.Flag("tie_word_embeddings", true)),
            HeadBias = tensors.Has(LogitsBias)
                ? new ReshapedTensor(tensors.Require(LogitsBias, 1, vocabulary), [vocabulary])
                : null,
        });
    }

    private SequenceStack Stack(ConfigJson config, ITensorStore tensors, int hidden, string side)
    {
        var root = $"model.{side}";
        var normsWords = form.NormsDecoderWords && side == "decoder";
        return BartStack.Layers(config, side) with
        {
            Positions = Positions(config, tensors, hidden, $"{root}.embed_positions.weight"),
            EmbeddingNorm = form.HasEmbeddingNorm && !normsWords ? $"{root}.layernorm_embedding" : null,
            WordNorm = normsWords ? $"{root}.layernorm_embedding" : null,
            LastNorm = form.IsPreNorm ? $"{root}.layer_norm" : null,
        };
    }

    private CheckpointTensor Positions(ConfigJson config, ITensorStore tensors, int hidden, string tensor)
    {
        var count = config.FindSize("max_position_embeddings") ?? form.DefaultPositions;
        return form.Positions switch
        {
            BartPositions.Learned => new TensorRows(
                tensors.Require(tensor, count + SkippedPositions, hidden), SkippedPositions, count),
            BartPositions.LearnedFromZero => tensors.Require(tensor, count, hidden),
            BartPositions.Waves => WavePositions.FromZero(count, hidden),
            _ => WavePositions.OfFairseq(count, hidden, Roberta.FirstPosition(config)),
        };
    }
}
