using Stip.Export.Blocks;
using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Sequences;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Sequences;

/// <summary>Moonshine (arXiv 2410.15608): raw sound through convolutions, layers with norms before each part, rotary
/// positions on both sides, and a decoder whose feed-forward parts are gated.</summary>
internal sealed class Moonshine : IArchitecture
{
    private const string Encoder = "model.encoder";
    private const string Decoder = "model.decoder";
    private const string HeadName = "proj_out.weight";

    private const string Defaults = """
        {"vocab_size": 32768, "hidden_size": 288, "intermediate_size": 1152, "encoder_num_hidden_layers": 6,
         "decoder_num_hidden_layers": 6, "encoder_num_attention_heads": 8, "decoder_num_attention_heads": 8,
         "max_position_embeddings": 512}
        """;

    public string Name => "MoonshineForConditionalGeneration";

    public string ModelType => "moonshine";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (config, tensors) = (checkpoint.Config.WithDefaults(Defaults), checkpoint.Tensors);
        config.RefuseFlag("attention_bias");
        _ = config.Has("pad_head_dim_to_multiple_of"); // zeros that some kernels want
        var (hidden, vocabulary) = (config.Size("hidden_size"), config.Size("vocab_size"));
        var encoder = Layers(config, "encoder") with
        {
            Cross = null,
            FeedForwardNorm = "post_attention_layernorm",
            LastNorm = $"{Encoder}.layer_norm",
            Activation = config.Text("encoder_hidden_act") ?? "gelu",
        };
        var decoder = Layers(config, "decoder") with
        {
            LastNorm = $"{Decoder}.norm",
            Activation = config.Text("decoder_hidden_act") ?? "silu",
            HoldsGate = true,
        };
        var headDim = BartStack.HeadDim(hidden, encoder, decoder);
        var turns = RotaryFrequencies.Read(config, Turned(config, headDim), config.Size("max_position_embeddings"));
        var words = SequenceTables.Words(tensors, vocabulary, hidden, HeadName, $"{Decoder}.embed_tokens.weight");
        return SequenceModel.Build(checkpoint, dtype, new SequenceFamily(
            hidden,
            headDim,
            vocabulary,
            Norm.LayerWithoutBias(1e-5),
            "gelu",
            encoder with { Turns = turns },
            decoder with { Turns = turns })
        {
            IsPreNorm = true,
            HasBiases = false,
            HasInnerBiases = true,
            Scale = 1 / Math.Sqrt(headDim),
            Words = words,
            Head = SequenceTables.Head(tensors, HeadName, words, config.Flag("tie_word_embeddings", true)),
            IsMasked = false,
            Start = new WaveFrames(Encoder).Append,
        });
    }

    private static SequenceStack Layers(ConfigJson config, string side)
    {
        var heads = config.Size($"{side}_num_attention_heads");
        return config.FindSize($"{side}_num_key_value_heads") is { } shared && shared != heads
            ? throw new RefusedException($"config.json: {side}_num_key_value_heads is {shared}; it must be {heads}, "
                + $"as {side}_num_attention_heads")
            : new SequenceStack(
                $"model.{side}.layers",
                config.Size($"{side}_num_hidden_layers"),
                heads,
                config.Size("intermediate_size"),
                Attention("self_attn", "input_layernorm"),
                Attention("encoder_attn", "post_attention_layernorm"),
                Up: "mlp.fc1",
                Down: "mlp.fc2",
                FeedForwardNorm: "final_layernorm");
    }

    private static AttentionNames Attention(string part, string norm) =>
        new($"{part}.q_proj", $"{part}.k_proj", $"{part}.v_proj", $"{part}.o_proj", norm);

    // The channels that turn, cut to whole ones: pairs of them must be left.
    private static int Turned(ConfigJson config, int headDim)
    {
        var share = (config.Section("rope_parameters") ?? config).Positive(
            "partial_rotary_factor", config.Positive("partial_rotary_factor", 0.9));
        var turned = (int)(headDim * share);
        return turned > 0 && turned <= headDim && turned % 2 == 0
            ? turned
            : throw new RefusedException($"config.json: partial_rotary_factor is {share}, which turns {turned} of "
                + $"{headDim} channels of a head; it must be an even number of them");
    }
}
