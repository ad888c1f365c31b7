using Stip.Export.Architectures.Decoders;
using Stip.Export.Blocks;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>Nomic-BERT: BERT without positions in its tables, with turned heads and a gated feed-forward part, without
/// biases; or with a plain one, in place of which some layers have several with a router.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class NomicBert(string name, TextHead head) : IArchitecture
{
    private const string Root = "nomic_bert.";

    private const int DefaultContext = 8192;
    private const string Gated = "swiglu";

    private static readonly EncoderLayerNames Layer = new(
        Query: "",
        Key: "",
        Value: "",
        Output: "attn.out_proj",
        AttentionNorm: "norm1",
        Up: "mlp.fc11",
        Down: "mlp.fc2",
        FeedForwardNorm: "norm2")
    {
        Packed = "attn.Wqkv",
        Gate = "mlp.fc12",
    };

    private static readonly LaterNames Later = new(
        [Root, "bert."],
        [
            ("encoder.layers.", "layers."), ("emb_ln.", "embeddings.LayerNorm."),
            ("attn.out_proj.", "self_attn.o_proj."), ("mlp.fc11.", "mlp.up_proj."), ("mlp.fc12.", "mlp.gate_proj."),
            ("mlp.fc2.", "mlp.down_proj."), ("norm1.", "post_attention_layernorm."), ("norm2.", "post_mlp_layernorm."),
        ]);

    private static readonly EncoderLayerNames PlainLayer = Layer with { Up = "mlp.fc1", Gate = null };

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "nomic_bert" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (config, tensors) = (checkpoint.Config, Later.Of(checkpoint.Tensors));
        string[] refused =
        [
            "prenorm", "parallel_block", "use_rms_norm", "rotary_emb_interleaved", "expert_choice_router",
            "moe_normalize_expert_weights", "causal",
        ];
        foreach (var flag in refused)
        {
            config.RefuseFlag(flag);
        }

        if (config.FindPositive("rotary_scaling_factor") is { } factor)
        {
            throw new RefusedException($"config.json: rotary_scaling_factor is {factor}; it must be null");
        }

        // Published files call their function activation_function; those of transformers say hidden_act, of a gate.
        config.RefuseUnless(
            "activation_function", Gated, "geglu", "gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh");
        var function = config.Text("activation_function");
        var isGated = function is null or Gated or "geglu";
        var isPublished = config.Has("n_embd");
        var hidden = config.Size("n_embd", "hidden_size");
        var sizes = new EncoderSizes(
            hidden,
            config.FindSize("n_inner", "intermediate_size") ?? 4 * hidden,
            config.Size("n_layer", "num_hidden_layers"),
            config.Size("n_head", "num_attention_heads"),
            function switch
            {
                null => config.Text("hidden_act") ?? "silu",
                Gated => "silu",
                "geglu" => "gelu",
                _ => function,
            },
            config.FindPositive("layer_norm_epsilon") ?? config.Positive("layer_norm_eps", isPublished ? 1e-5 : 1e-12),
            config.Flag("qkv_proj_bias", false))
        {
            OwnHeadDim = config.FindSize("head_dim"),
            HasOutputBias = config.Flag("qkv_proj_bias", false),
            HasInnerBias = config.Flag("mlp_fc1_bias", false),
            HasDownBias = config.Flag("mlp_fc2_bias", false),
        };
        var context = config.FindSize("n_positions", "max_position_embeddings") ?? DefaultContext;
        var frequencies = RotaryFrequencies.Read(
            config, Turned(config, sizes.HeadDim), context, config.Positive("rotary_emb_base", 1000));
        var names = new TextEncoderNames(
            Words: $"{Root}embeddings.word_embeddings.weight",
            Positions: null,
            TokenTypes: $"{Root}embeddings.token_type_embeddings.weight",
            EmbeddingNorm: $"{Root}emb_ln",
            Layers: $"{Root}encoder.layers",
            PackedQueries.Find(tensors, $"{Root}encoder.layers", isGated ? Layer : PlainLayer))
        {
            MaskedWords = Head(config),
            Classifier = new ClassifierHead($"{Root}pooler.dense", "tanh", "classifier"),
            FeedForward = Routed(config, sizes, isGated),
            RowPositions = encoder => new RowPositions(RotaryTables.Append(encoder, frequencies, context)),
        };
        return TextEncoder.Build(
            checkpoint.With(tensors),
            dtype,
            new TextEncoderConfig(
                sizes,
                Padded(config.Size("vocab_size"), config.FindSize("pad_vocab_size_multiple") ?? 1),
                context,
                FirstPosition: 0,
                config.Has("type_vocab_size") ? config.Count("type_vocab_size") : 2,
                config.Flag("tie_word_embeddings", true)),
            names,
            head);
    }

    // A table has as many rows as the next multiple.
    private static int Padded(int words, int multiple) => (words + multiple - 1) / multiple * multiple;

    // Published ones have biases where the feed-forward part has them.
    private static MaskedWordsHead Head(ConfigJson config)
    {
        var hasBias = config.Flag("mlp_fc1_bias", true);
        return Bert.MaskedWords with
        {
            Norm = "cls.predictions.transform.layer_norm",
            HasDenseBias = hasBias,
            Bias = hasBias ? Bert.MaskedWords.Bias : null,
        };
    }

    // In every so many layers, from the second on.
    private static Func<EncoderGraph, Func<int, string, string, string, string?>>? Routed(
        ConfigJson config, EncoderSizes sizes, bool isGated)
    {
        var (experts, every) = (config.Count("num_experts"), config.Count("moe_every_n_layers"));
        if (experts == 0 || every == 0)
        {
            return null;
        }

        if (isGated || config.Positive("ffn_div", 1) != 1 || config.Count("num_shared_experts") > 0)
        {
            throw new RefusedException("config.json: experts that are gated (activation_function swiglu), narrower "
                + "than other layers (ffn_div) or shared (num_shared_experts) are not supported");
        }

        var block = new RoutedFeedForward(
            experts, config.FindSize("moe_top_k") ?? 1, sizes.Inner, sizes.Activation);
        return encoder => (layer, name, tensor, rows) =>
            layer % every == 1 ? block.Append(encoder, name, $"{tensor}.mlp", rows) : null;
    }

    private static int Turned(ConfigJson config, int headDim)
    {
        var turned = headDim * config.Positive("rotary_emb_fraction", 1);
        return turned % 2 == 0 && turned <= headDim
            ? (int)turned
            : throw new RefusedException($"config.json: {turned} of {headDim} channels of a head are turned; it must "
                + "be an even number, at most all");
    }
}
