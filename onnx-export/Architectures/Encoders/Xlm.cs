using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>XLM and FlauBERT: BERT under names of its own, whose rows that do not count are zero. Token types are the
/// first rows of the word table, which transformers' tokenizers ask for with every text; languages add nothing where a
/// text comes without them.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
internal sealed class Xlm(string name, TextHead head, string modelType) : IArchitecture
{
    private const string Root = "transformer";
    private const string WordTable = $"{Root}.embeddings.weight";

    // Parts of one kind lie side by side, all layers of it in a list.
    private static readonly string[] Parts = ["attentions", "layer_norm1", "ffns", "layer_norm2"];

    private static readonly EncoderLayerNames Layer = new(
        Query: "attentions.q_lin",
        Key: "attentions.k_lin",
        Value: "attentions.v_lin",
        Output: "attentions.out_lin",
        AttentionNorm: "layer_norm1",
        Up: "ffns.lin1",
        Down: "ffns.lin2",
        FeedForwardNorm: "layer_norm2");

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? modelType : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        foreach (var flag in new[] { "causal", "asm", "is_decoder", "pre_norm" })
        {
            config.RefuseFlag(flag);
        }

        var hidden = config.Size("emb_dim", "hidden_size");
        var sizes = new EncoderSizes(
            hidden,
            4 * hidden,
            config.Size("n_layers", "num_hidden_layers"),
            config.Size("n_heads", "num_attention_heads"),
            config.Flag("gelu_activation", true) ? "gelu" : "relu",
            config.Positive("layer_norm_eps", 1e-12));
        var names = new TextEncoderNames(
            Words: WordTable,
            Positions: $"{Root}.position_embeddings.weight",
            TokenTypes: WordTable,
            EmbeddingNorm: $"{Root}.layer_norm_emb",
            Layers: "layers",
            Layer)
        {
            MaskedWords = new MaskedWordsHead(
                Dense: null, Norm: null, "pred_layer.proj.weight", "pred_layer.proj.bias"),
            Classifier = Classifier(config, head),
            MasksRows = true,
        };
        return TextEncoder.Build(
            checkpoint.Part(config, [.. Enumerable.Range(0, sizes.Layers).SelectMany(Places), ("", "")]),
            dtype,
            new TextEncoderConfig(
                sizes,
                config.Size("n_words", "vocab_size"),
                config.FindSize("max_position_embeddings") ?? 512,
                FirstPosition: 0,
                TokenTypes: 2,
                config.Flag("tie_word_embeddings", true)),
            names,
            head);
    }

    private static ClassifierHead? Classifier(ConfigJson config, TextHead head)
    {
        if (head != TextHead.Classes)
        {
            return null;
        }

        config.RefuseUnless("summary_type", "first");
        config.RefuseUnless("summary_activation", "none");
        return new ClassifierHead(Dense: null, Activation: "", "sequence_summary.summary");
    }

    private static IEnumerable<(string, string)> Places(int layer) =>
        Parts.Select(part => ($"layers.{layer}.{part}.", $"{Root}.{part}.{layer}."));
}
