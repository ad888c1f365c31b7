using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>XLNet where it reads whole texts: every token sees all others, by distances and not by places; token types
/// are left out, which change nothing in a text of one kind.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class XlNet(string name, TextHead head) : IArchitecture
{
    // Nothing in the model depends on it; what it was trained with.
    private const int Context = 512;
    private const string Root = "transformer";

    private static readonly EncoderLayerNames Layer = new(
        Query: "",
        Key: "",
        Value: "",
        Output: "",
        AttentionNorm: "rel_attn.layer_norm",
        Up: "ff.layer_1",
        Down: "ff.layer_2",
        FeedForwardNorm: "ff.layer_norm");

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "xlnet" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseUnless("attn_type", "bi");
        config.RefuseFlag("bi_data");
        var sizes = new EncoderSizes(
            config.Size("d_model", "hidden_size"),
            config.Size("d_inner"),
            config.Size("n_layer", "num_hidden_layers"),
            config.Size("n_head", "num_attention_heads"),
            config.Text("ff_activation") ?? "gelu",
            config.Positive("layer_norm_eps", 1e-12))
        {
            OwnHeadDim = config.FindSize("d_head"),
        };
        NoteTokenTypes(checkpoint.Tensors, sizes.Layers);
        var names = new TextEncoderNames(
            Words: $"{Root}.word_embedding.weight",
            Positions: null,
            TokenTypes: null,
            EmbeddingNorm: null,
            Layers: $"{Root}.layer",
            Layer)
        {
            MaskedWords = new MaskedWordsHead(Dense: null, Norm: null, "lm_loss.weight", "lm_loss.bias"),
            Classifier = Classifier(config, head),
            Attention = encoder => new RelativeAttention(
                encoder, sizes, Context, config.Integer("clamp_len") is > 0 and var farthest ? farthest : null).Append,
        };
        return TextEncoder.Build(
            checkpoint,
            dtype,
            new TextEncoderConfig(
                sizes,
                config.Size("vocab_size"),
                Context,
                FirstPosition: 0,
                TokenTypes: 0,
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

        config.RefuseUnless("summary_type", "last");
        var hasDense = config.Flag("summary_use_proj", true);
        return new ClassifierHead(
            hasDense ? "sequence_summary.summary" : null, config.Text("summary_activation") ?? "tanh", "logits_proj")
        {
            Pool = LastRow.Append,
        };
    }

    // Files have them; asked for, they count as known.
    private static void NoteTokenTypes(ITensorStore tensors, int layers)
    {
        for (var layer = 0; layer < layers; layer++)
        {
            tensors.Has($"{Root}.layer.{layer}.rel_attn.r_s_bias");
            tensors.Has($"{Root}.layer.{layer}.rel_attn.seg_embed");
        }
    }
}
