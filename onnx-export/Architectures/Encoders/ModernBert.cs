using Stip.Export.Blocks;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Keys.Bundles;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>ModernBERT: norms before each part, turned heads, a gated feed-forward part, two local layers to a global
/// one.</summary>
internal sealed class ModernBert(string name, TextHead head) : IArchitecture
{
    private const double GlobalTheta = 160000;
    private const string Decoder = "decoder.weight";

    private static readonly EncoderLayerNames Layer = new(
        Query: "",
        Key: "",
        Value: "",
        Output: "attn.Wo",
        AttentionNorm: "attn_norm",
        Up: "mlp.Wi",
        Down: "mlp.Wo",
        FeedForwardNorm: "mlp_norm")
    {
        Packed = "attn.Wqkv",
        HasGateBeforeUp = true,
        HasFirstNorm = false,
    };

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "modernbert" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (tensors, config) = (checkpoint.Tensors, checkpoint.Config);
        var sizes = ReadSizes(config);
        var vocabSize = config.Size("vocab_size");
        var context = config.FindSize("max_position_embeddings") ?? 8192;
        var words = tensors.Require("model.embeddings.tok_embeddings.weight", vocabSize, sizes.Hidden);
        var encoder = new EncoderGraph(tensors, dtype, sizes.Hidden, isMasked: true);
        var start = sizes.Norm.Append(encoder, "embedding_norm", "model.embeddings.norm", encoder.Embeds);
        var layers = new EncoderLayers(encoder, sizes, Layer, "model.layers")
        {
            Positions = Positions(encoder, config, sizes, context),
        };
        var rows = layers.AppendPreNorm(start, "model.final_norm");
        var isTied = config.Flag("tie_word_embeddings", true)
            && !(head == TextHead.MaskedWords && TiedHead.Differs(tensors, Decoder, words));
        var labels = head == TextHead.Classes ? Labels.Read(config)
            : head == TextHead.Tokens ? Labels.OfTokens(config)
            : head == TextHead.Choice ? Labels.OfChoice : null;
        AppendHead(encoder, config, sizes, rows, isTied ? words : null, labels);
        return new ExportedModel(
            encoder,
            sizes.Hidden,
            vocabSize,
            Math.Min(context, checkpoint.MaxTokens ?? int.MaxValue),
            isTied && head == TextHead.MaskedWords,
            new Dictionary<string, CheckpointTensor> { [EmbeddingManifest.Token] = words })
        {
            Labels = labels,
        };
    }

    private static EncoderSizes ReadSizes(ConfigJson config)
    {
        var hasAttentionBias = config.Flag("attention_bias", false);
        var hasInnerBias = config.Flag("mlp_bias", false);
        return new EncoderSizes(
            config.Size("hidden_size"),
            config.Size("intermediate_size"),
            config.Size("num_hidden_layers"),
            config.Size("num_attention_heads"),
            config.Text("hidden_activation") ?? "gelu",
            config.Positive("norm_eps", 1e-5),
            hasAttentionBias)
        {
            HasNormBias = config.Flag("norm_bias", false),
            HasOutputBias = hasAttentionBias,
            HasInnerBias = hasInnerBias,
            HasDownBias = hasInnerBias,
        };
    }

    private static Func<int, RowPositions> Positions(
        EncoderGraph encoder, ConfigJson config, EncoderSizes sizes, int context)
    {
        var period = config.FindSize("global_attn_every_n_layers") ?? 3;
        var types = config.Texts("layer_types");
        var rope = config.Section("rope_parameters");
        var farthest = (config.FindSize("local_attention") ?? 128) / 2;
        var globalTheta = config.Positive("global_rope_theta", GlobalTheta);
        var global = Rotary("full_attention", "rotary", globalTheta);
        var local = Rotary(
            "sliding_attention",
            "rotary.local",
            config.FindPositive("local_rope_theta")
                ?? (config.Has("local_rope_theta") ? globalTheta : RotaryFrequencies.DefaultTheta));
        var (everywhere, near) = (
            new RowPositions(global), new RowPositions(local, RowDistances.AppendWindow(encoder, farthest)));
        return layer => (layer < types.Count ? types[layer] == "full_attention" : layer % period == 0)
            ? everywhere
            : near;

        RotaryTables Rotary(string kind, string table, double theta) => RotaryTables.Append(
            encoder,
            RotaryFrequencies.Read(config, rope?.Section(kind), sizes.HeadDim, context, theta),
            context,
            name: table);
    }

    private void AppendHead(
        EncoderGraph encoder,
        ConfigJson config,
        EncoderSizes sizes,
        string rows,
        CheckpointTensor? words,
        Labels? labels)
    {
        if (head == TextHead.Hidden)
        {
            HiddenRows.Append(encoder, rows);
            return;
        }

        if (head is TextHead.Classes or TextHead.Choice)
        {
            config.RefuseUnless("classifier_pooling", "cls", "mean");
            rows = config.Text("classifier_pooling") == "mean"
                ? RowMean.Append(encoder, rows)
                : FirstRow.Append(encoder, rows);
        }

        var dense = Linear.FromLinear(
            encoder,
            "head.dense",
            rows,
            "head.dense",
            sizes.Hidden,
            sizes.Hidden,
            config.Flag("classifier_bias", false));
        var active = Activation.Append(
            encoder.Graph, config.Text("classifier_activation") ?? "gelu", "head.act", dense);
        var normed = sizes.Norm.Append(encoder, "head.norm", "head.norm", active);
        switch (head)
        {
            case TextHead.Classes or TextHead.Choice:
                new ClassifierHead(Dense: null, Activation: "", "classifier").Append(
                    encoder, normed, labels!.Names.Count);
                break;
            case TextHead.Tokens:
                RowHead.AppendLabels(encoder, normed, "classifier", labels!.Names.Count);
                break;
            case TextHead.Answer:
                RowHead.AppendAnswer(encoder, normed, "classifier");
                break;
            default:
                new MaskedWordsHead(
                    Dense: null,
                    Norm: null,
                    Decoder,
                    config.Flag("decoder_bias", true) ? "decoder.bias" : null).Append(
                        encoder, normed, sizes, words, config.Size("vocab_size"), sizes.Hidden);
                break;
        }
    }
}
