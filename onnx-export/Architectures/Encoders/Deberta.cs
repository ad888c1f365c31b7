using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>The first DeBERTa: queries, keys and values of a head lie together, and relative positions have projections
/// of their own.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Deberta(string name, TextHead head) : IArchitecture
{
    // What the second version brought, and the first does not read.
    private const string Later = """{"position_buckets": -1, "norm_rel_ebd": "none"}""";

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "deberta" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseFlag("talking_head");
        var sizes = Bert.ReadSizes(config) with { NormEpsilon = config.Positive("layer_norm_eps", 1e-7) };
        var context = config.FindSize("max_position_embeddings") ?? 512;
        var bert = Bert.Names("deberta");
        var names = bert with
        {
            Positions = config.Flag("position_biased_input", true) ? bert.Positions : null,
            Pooler = null,
            MaskedWords = Head(checkpoint.Tensors),
            Classifier = new ClassifierHead("pooler.dense", config.Text("pooler_hidden_act") ?? "gelu", "classifier"),
            MasksRows = true,
            Attention = encoder => new DisentangledAttention(
                encoder, sizes, Bert.Layer, DebertaV2.Positions(encoder, config.With(Later), sizes, context))
            {
                IsPacked = true,
                Parts = 1 + DebertaV2.Kinds(config).Count,
                PositionKey = "attention.self.pos_proj",
                PositionQuery = "attention.self.pos_q_proj",
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
            names,
            head);
    }

    /// <summary>The head of masked words, which published files have under its first name.</summary>
    internal static MaskedWordsHead Head(ITensorStore tensors)
    {
        const string First = "lm_predictions.lm_head";
        return tensors.Has($"{First}.dense.weight")
            ? new MaskedWordsHead($"{First}.dense", $"{First}.LayerNorm", Bert.MaskedWords.Decoder, $"{First}.bias")
            : Bert.MaskedWords;
    }
}
