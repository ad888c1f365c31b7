using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>The encoders of GTE (their files call it <c>NewModel</c>): BERT without positions in its tables, with
/// turned heads and a gated feed-forward part.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
internal sealed class GteBert(string name, TextHead head, string modelType = "new") : IArchitecture
{
    private static readonly EncoderLayerNames Layer = new(
        Query: "",
        Key: "",
        Value: "",
        Output: "attention.o_proj",
        AttentionNorm: "attn_ln",
        Up: "mlp.up_gate_proj",
        Down: "mlp.down_proj",
        FeedForwardNorm: "mlp_ln")
    {
        Packed = "attention.qkv_proj",
        HasGateAfterUp = true,
    };

    private static readonly EncoderLayerNames ApartLayer = Layer with
    {
        Packed = null,
        Query = "attention.q_proj",
        Key = "attention.k_proj",
        Value = "attention.v_proj",
    };

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? modelType : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseUnless("position_embedding_type", "rope");
        config.RefuseUnless("layer_norm_type", "layer_norm");
        config.RefuseFlag("logn_attention_scale");
        var sizes = Bert.ReadSizes(config) with { HasInnerBias = false };
        var context = config.FindSize("max_position_embeddings") ?? 2048;
        var frequencies = RotaryFrequencies.Read(config, sizes.HeadDim, context);
        var names = new TextEncoderNames(
            Words: "new.embeddings.word_embeddings.weight",
            Positions: null,
            TokenTypes: "new.embeddings.token_type_embeddings.weight",
            EmbeddingNorm: "new.embeddings.LayerNorm",
            Layers: "new.encoder.layer",
            config.Flag("pack_qkv", true) ? Layer : ApartLayer)
        {
            MaskedWords = new MaskedWordsHead(
                "lm_head.dense", "lm_head.norm", "lm_head.decoder.weight", "lm_head.decoder.bias"),
            Classifier = new ClassifierHead("new.pooler.dense", "tanh", "classifier"),
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
                config.Has("type_vocab_size") ? config.Count("type_vocab_size") : 1,
                config.Flag("tie_word_embeddings", true)),
            names,
            head);
    }
}
