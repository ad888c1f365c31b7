using Stip.Export.Architectures.Decoders;
using Stip.Export.Blocks;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>XLM-RoBERTa as Jina has it: other names, and in jina-embeddings-v3 turned heads in place of positions and
/// changes of low rank for each of its tasks; jina-reranker-v2 has positions.</summary>
internal static class JinaXlmRoberta
{
    private const string Root = "roberta";

    private static readonly EncoderLayerNames Layer = new(
        Query: "",
        Key: "",
        Value: "",
        Output: "mixer.out_proj",
        AttentionNorm: "norm1",
        Up: "mlp.fc1",
        Down: "mlp.fc2",
        FeedForwardNorm: "norm2")
    {
        Packed = "mixer.Wqkv",
    };

    private static readonly LaterNames Later = new(
        [$"{Root}."],
        [
            ("encoder.layers.", "layers."), ("emb_ln.", "embeddings.LayerNorm."),
            ("mixer.out_proj.", "self_attn.o_proj."), ("norm1.", "post_attention_layernorm."),
            ("norm2.", "post_mlp_layernorm."),
        ]);

    /// <summary>True where a checkpoint is one: it calls itself XLM-RoBERTa. Random weights have every name.</summary>
    public static bool IsMeant(Checkpoint checkpoint) => Turns(checkpoint.Config)
        || (checkpoint.Tensors.Has($"{Root}.encoder.layers.0.{Layer.Packed}.weight")
            && !checkpoint.Tensors.Has($"{Root}.encoder.layer.0.attention.self.query.weight"));

    /// <summary>True where heads are turned, false where there are positions.</summary>
    public static bool Turns(ConfigJson config) => config.Text("position_embedding_type") == "rotary";

    public static ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype, TextHead head, bool turns = true)
    {
        var config = checkpoint.Config.WithDefaults("""{"layer_norm_eps": 1e-5, "type_vocab_size": 1}""");
        var tensors = Later.Of(checkpoint.Tensors);
        foreach (var flag in new[] { "rotary_emb_interleaved", "use_qk_norm" })
        {
            config.RefuseFlag(flag);
        }

        if (config.FindPositive("rotary_emb_scale_base") is { } growth)
        {
            throw new RefusedException($"config.json: rotary_emb_scale_base is {growth}; it must be null");
        }

        if (!turns)
        {
            config.RefuseUnless("position_embedding_type", "absolute");
        }

        var sizes = Bert.ReadSizes(config) with { OwnHeadDim = config.FindSize("head_dim") };
        var positions = config.Size("max_position_embeddings");
        var names = new TextEncoderNames(
            Words: $"{Root}.embeddings.word_embeddings.weight",
            Positions: turns ? null : $"{Root}.embeddings.position_embeddings.weight",
            TokenTypes: $"{Root}.embeddings.token_type_embeddings.weight",
            EmbeddingNorm: $"{Root}.emb_ln",
            Layers: $"{Root}.encoder.layers",
            PackedQueries.Find(tensors, $"{Root}.encoder.layers", Layer))
        {
            MaskedWords = Roberta.Names(Root).MaskedWords,
            Classifier = Roberta.Names(Root).Classifier,
            RowPositions = turns ? encoder => Positions(encoder, config, sizes, positions) : null,
        };
        var described = new TextEncoderConfig(
            sizes,
            config.Size("vocab_size"),
            positions,
            turns ? 0 : Roberta.FirstPosition(config),
            config.FindSize("type_vocab_size") ?? 2,
            config.Flag("tie_word_embeddings", true));
        return TextEncoder.Build(checkpoint.With(Tasks(checkpoint, tensors)), dtype, described, names, head);
    }

    private static RowPositions Positions(
        EncoderGraph encoder, ConfigJson config, EncoderSizes sizes, int context) => new(RotaryTables.Append(
            encoder,
            RotaryFrequencies.Read(
                config,
                config.FindSize("rotary_emb_dim") ?? sizes.HeadDim,
                context,
                config.Positive("rotary_emb_base", RotaryFrequencies.DefaultTheta)),
            context));

    private static ITensorStore Tasks(Checkpoint checkpoint, ITensorStore stored)
    {
        var config = checkpoint.Config;
        var tasks = config.Texts("lora_adaptations");
        if (tasks.Count == 0)
        {
            return stored;
        }

        var chosen = tasks.ToList().IndexOf(checkpoint.Task ?? "");
        if (checkpoint.Task is { } task && chosen < 0)
        {
            throw new RefusedException(
                $"--task is {task}; this model has {string.Join(", ", tasks)}, or none without --task");
        }

        var rank = config.FindSize("lora_rank") ?? 4;
        return new TaskTensors(
            stored,
            tasks.Count,
            rank,
            (float)(config.Positive("lora_alpha", 1) / rank),
            chosen < 0 ? null : chosen);
    }
}
