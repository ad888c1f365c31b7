using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>XLNet where it reads whole texts: every token sees all others, by distances and by whether both are of one
/// part (token types: the first text, the second, the class token, padding), and not by places.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class XlNet(string name, TextHead head) : IArchitecture
{
    // Nothing in the model depends on it; what it was trained with.
    private const int Context = 512;

    // The first text, the second, the class token and padding, as its tokenizer numbers them.
    private const int Kinds = 4;
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
        var names = new TextEncoderNames(
            Words: $"{Root}.word_embedding.weight",
            Positions: null,
            TokenTypes: null,
            EmbeddingNorm: null,
            Layers: $"{Root}.layer",
            Layer)
        {
            MaskedWords = new MaskedWordsHead(Dense: null, Norm: null, "lm_loss.weight", "lm_loss.bias"),
            Classifier = head == TextHead.Classes ? Classifier(config) : null,
            Choice = head == TextHead.Choice ? Classifier(config) : null,
            Start = encoder => RowKinds.Split(encoder, Kinds),
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
                config.Flag("tie_word_embeddings", true))
            {
                KindsApart = Kinds,
            },
            names,
            head);
    }

    // Padding stands before a text, so that this is its class token; whoever pads behind gets what the original gives.
    private static string VeryLastRow(EncoderGraph encoder, string rows) => encoder.Graph.Add(
        "Gather",
        "last_row/Gather",
        [rows, encoder.Graph.AddScalarConstant("last_row.index", -1)],
        NodeAttribute.Int("axis", 1));

    private static ClassifierHead Classifier(ConfigJson config)
    {
        config.RefuseUnless("summary_type", "last");
        var hasDense = config.Flag("summary_use_proj", true);
        return new ClassifierHead(
            hasDense ? "sequence_summary.summary" : null, config.Text("summary_activation") ?? "tanh", "logits_proj")
        {
            Pool = VeryLastRow,
        };
    }
}
