using Stip.Export.Blocks;
using Stip.Export.Blocks.Sequences;
using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Architectures.Sequences;

/// <summary>GPT-2 that reads the states of an encoder: a second attention in each layer, norms before each
/// part.</summary>
internal static class Gpt2States
{
    private const string Layers = "transformer.h";
    private const string HeadName = "lm_head.weight";

    private const string Defaults = """
        {"vocab_size": 50257, "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024}
        """;

    /// <summary>The decoder's tensors, each projection under a name of its own.</summary>
    public static ITensorStore Tensors(ITensorStore stored) => new Conv1DTensors(stored, Place);

    /// <summary>Describes the decoder.</summary>
    /// <param name="part">The decoder as a checkpoint of its own, its tensors as <see cref="Tensors"/> has
    /// them.</param>
    public static SequenceFamily Read(Checkpoint part)
    {
        var (config, tensors) = (part.Config.WithDefaults(Defaults), part.Tensors);
        config.RefuseFlag("scale_attn_by_inverse_layer_idx");
        if (!config.Flag("scale_attn_weights", true))
        {
            throw new RefusedException("config.json: scale_attn_weights is false; beside an encoder it must be true");
        }

        var (hidden, heads) = (config.Size("n_embd", "hidden_size"), config.Size("n_head", "num_attention_heads"));
        var (vocabulary, positions) = (config.Size("vocab_size"), config.Size("n_positions"));
        var words = SequenceTables.Words(tensors, vocabulary, hidden, HeadName, "transformer.wte.weight");
        var decoder = new SequenceStack(
            Layers,
            config.Size("n_layer", "num_hidden_layers"),
            heads,
            config.FindSize("n_inner") ?? 4 * hidden,
            new AttentionNames("attn.query", "attn.key", "attn.value", "attn.output", "ln_1"),
            new AttentionNames(
                "crossattention.asking",
                "crossattention.asked",
                "crossattention.told",
                "crossattention.output",
                "ln_cross_attn"),
            Up: "mlp.up",
            Down: "mlp.down",
            FeedForwardNorm: "ln_2")
        {
            Positions = tensors.Require("transformer.wpe.weight", positions, hidden),
            LastNorm = "transformer.ln_f",
        };
        var headDim = BartStack.HeadDim(hidden, decoder, decoder);
        return new SequenceFamily(
            hidden,
            headDim,
            vocabulary,
            Norm.Layer(config.Positive("layer_norm_epsilon", 1e-5)),
            config.Text("activation_function") ?? "gelu_new",
            Encoder: null,
            decoder)
        {
            IsPreNorm = true,
            HasBiases = true,
            Scale = 1 / Math.Sqrt(headDim),
            Words = words,
            Head = SequenceTables.Head(tensors, HeadName, words, config.Flag("tie_word_embeddings", true)),
            IsMasked = false,
        };
    }

    private static (string Name, int Part, int Parts)? Place(string name)
    {
        var parts = name.Split('.');
        return parts is not ["transformer", "h", _, var block, var projection] ? null
            : (block, projection) switch
            {
                ("attn", "query") => Packed("c_attn", 0, 3),
                ("attn", "key") => Packed("c_attn", 1, 3),
                ("attn", "value") => Packed("c_attn", 2, 3),
                ("crossattention", "asking") => Packed("q_attn", 0, 1),
                ("crossattention", "asked") => Packed("c_attn", 0, 2),
                ("crossattention", "told") => Packed("c_attn", 1, 2),
                ("attn" or "crossattention", "output") => Packed("c_proj", 0, 1),
                ("mlp", "up") => Packed("c_fc", 0, 1),
                ("mlp", "down") => Packed("c_proj", 0, 1),
                _ => null,
            };

        (string Name, int Part, int Parts)? Packed(string stored, int part, int count) =>
            (string.Join('.', [.. parts[..^1], stored]), part, count);
    }
}
