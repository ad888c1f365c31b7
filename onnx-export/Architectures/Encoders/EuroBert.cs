using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>EuroBERT: a Llama whose tokens see one another on both sides.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class EuroBert(string name, TextHead head) : IArchitecture
{
    private static readonly EncoderLayerNames Layer = new(
        Query: "self_attn.q_proj",
        Key: "self_attn.k_proj",
        Value: "self_attn.v_proj",
        Output: "self_attn.o_proj",
        AttentionNorm: "input_layernorm",
        Up: "mlp.up_proj",
        Down: "mlp.down_proj",
        FeedForwardNorm: "post_attention_layernorm")
    {
        Gate = "mlp.gate_proj",
    };

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "eurobert" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var sizes = ReadSizes(config);
        var context = config.FindSize("max_position_embeddings") ?? 8192;
        var frequencies = RotaryFrequencies.Read(
            config, sizes.HeadDim, context, config.Positive("rope_theta", 250000));
        var names = new TextEncoderNames(
            Words: "model.embed_tokens.weight",
            Positions: null,
            TokenTypes: null,
            EmbeddingNorm: null,
            Layers: "model.layers",
            Layer)
        {
            MaskedWords = new MaskedWordsHead(
                Dense: null, Norm: null, "lm_head.weight", sizes.HasInnerBias ? "lm_head.bias" : null),
            Classifier = Classifier(config.Text("classifier_pooling", "clf_pooling") ?? "late"),
            LastNorm = "model.norm",
            RowPositions = encoder => new RowPositions(RotaryTables.Append(encoder, frequencies, context)),
        };
        return TextEncoder.Build(
            checkpoint,
            dtype,
            new TextEncoderConfig(
                sizes,
                config.Size("vocab_size"),
                context,
                FirstPosition: 0,
                TokenTypes: 0,
                config.Flag("tie_word_embeddings", false)),
            names,
            head);
    }

    private static ClassifierHead Classifier(string pooling)
    {
        var head = new ClassifierHead("dense", "gelu", "classifier");
        return pooling switch
        {
            "bos" => head,
            "mean" => head with { Pool = RowMean.Append },
            "late" => head with { Pool = RowMean.Append, PoolsLast = true },
            _ => throw new RefusedException(
                $"config.json: classifier_pooling is '{pooling}'; it must be 'bos', 'mean' or 'late'"),
        };
    }

    private static EncoderSizes ReadSizes(ConfigJson config)
    {
        var hasBias = config.Flag("attention_bias", false);
        var hasInnerBias = config.Flag("mlp_bias", false);
        return new EncoderSizes(
            config.Size("hidden_size"),
            config.Size("intermediate_size"),
            config.Size("num_hidden_layers"),
            config.Size("num_attention_heads"),
            config.Text("hidden_act") ?? "silu",
            config.Positive("rms_norm_eps", 1e-5),
            hasBias)
        {
            OwnHeadDim = config.FindSize("head_dim"),
            KvHeads = config.FindSize("num_key_value_heads"),
            IsRms = true,
            HasOutputBias = hasBias,
            HasInnerBias = hasInnerBias,
            HasDownBias = hasInnerBias,
        }.Checked();
    }
}
