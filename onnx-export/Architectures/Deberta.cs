using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>The first DeBERTa: queries, keys and values of a head lie together, and relative positions have projections
/// of their own.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Deberta(string name, TextHead head) : IArchitecture
{
    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "deberta" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseFlag("talking_head");
        if (!config.Flag("relative_attention", false))
        {
            throw new RefusedException("config.json: relative_attention is false; a DeBERTa must have it");
        }

        var sizes = Bert.ReadSizes(config) with { NormEpsilon = config.Positive("layer_norm_eps", 1e-7) };
        var context = config.FindSize("max_position_embeddings") ?? 512;
        var legacy = checkpoint.Tensors.Has("lm_predictions.lm_head.dense.weight");
        var names = Bert.Names("deberta") with
        {
            Positions = config.Flag("position_biased_input", true)
                ? "deberta.embeddings.position_embeddings.weight"
                : null,
            Classifier = new ClassifierHead("pooler.dense", config.Text("pooler_hidden_act") ?? "gelu", "classifier"),
            MasksRows = true,
            Attention = encoder => new DisentangledAttention(
                encoder, sizes, Bert.Layer, DebertaV2.Positions(encoder, config, sizes, context))
            {
                IsPacked = true,
            }.Append,
        };
        return TextEncoder.Build(
            checkpoint,
            dtype,
            new TextEncoderConfig(
                sizes,
                config.Size("vocab_size"),
                context,
                FirstPosition: 0,
                config.Count("type_vocab_size"),
                config.Flag("tie_word_embeddings", true)),
            legacy ? names with { MaskedWords = LegacyHead } : names,
            head);
    }

    // Published files have the head of masked words under its first name.
    private static MaskedWordsHead LegacyHead => new(
        "lm_predictions.lm_head.dense",
        "lm_predictions.lm_head.LayerNorm",
        "cls.predictions.decoder.weight",
        "lm_predictions.lm_head.bias");
}
