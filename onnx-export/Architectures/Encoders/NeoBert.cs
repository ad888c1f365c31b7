using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>NeoBERT: RMSNorm before each part, neighbouring channels of queries and keys turn, SwiGLU.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class NeoBert(string name, TextHead head) : IArchitecture
{
    private const int InnerMultiple = 8;

    private static readonly EncoderLayerNames Layer = new(
        Query: "",
        Key: "",
        Value: "",
        Output: "wo",
        AttentionNorm: "attention_norm",
        Up: "ffn.w12",
        Down: "ffn.w3",
        FeedForwardNorm: "ffn_norm")
    {
        Packed = "qkv",
        IsPackedByHead = true,
        HasGateBeforeUp = true,
    };

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "neobert" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        if (!config.Flag("rope", true) || !config.Flag("rms_norm", true))
        {
            throw new RefusedException("config.json: rope and rms_norm must be true in a NeoBERT");
        }

        config.RefuseUnless("hidden_act", "SwiGLU", "swiglu");
        var sizes = new EncoderSizes(
            config.Size("hidden_size"),
            config.Width("intermediate_size", Inner(config.FindSize("intermediate_size") ?? 3072)),
            config.Size("num_hidden_layers"),
            config.Size("num_attention_heads"),
            "silu",
            config.Positive("norm_eps", 1e-6),
            HasQkvBias: false)
        {
            IsRms = true,
            HasOutputBias = false,
            HasInnerBias = false,
            HasDownBias = false,
        };
        var context = config.FindSize("max_length", "max_position_embeddings") ?? 1024;
        var frequencies = RotaryFrequencies.Read(
            config, rope: null, sizes.HeadDim, context, RotaryFrequencies.DefaultTheta);
        var names = new TextEncoderNames(
            Words: "model.encoder.weight",
            Positions: null,
            TokenTypes: null,
            EmbeddingNorm: null,
            Layers: "model.transformer_encoder",
            Layer)
        {
            MaskedWords = new MaskedWordsHead(Dense: null, Norm: null, "decoder.weight", "decoder.bias"),
            Classifier = new ClassifierHead("dense", "tanh", "classifier"),
            LastNorm = "model.layer_norm",
            RowPositions = encoder => new RowPositions(
                RotaryTables.Append(encoder, frequencies, context, isInterleaved: true)),
        };
        return TextEncoder.Build(
            checkpoint,
            dtype,
            new TextEncoderConfig(
                sizes, config.Size("vocab_size"), context, FirstPosition: 0, TokenTypes: 0, IsTied: false),
            names,
            head);
    }

    // Two thirds of what config.json says, in whole eights.
    private static long Inner(long named) => ((2 * named / 3) + InnerMultiple - 1) / InnerMultiple * InnerMultiple;
}
