using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>ModernBERT as a decoder (Ettin, arXiv 2507.11412): local layers between global ones, both turning at their
/// own speeds, and a head with a layer of its own.</summary>
internal sealed class ModernBertDecoder : IArchitecture
{
    private const int DefaultLocal = 128;

    public string Name => "ModernBertDecoderForCausalLM";

    public string ModelType => "modernbert-decoder";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embeddings.tok_embeddings.weight");
        var epsilon = config.Positive("norm_eps", 1e-5);
        var norm = config.Flag("norm_bias", false) ? Norm.Layer(epsilon) : Norm.LayerWithoutBias(epsilon);
        var hasBias = config.Flag("attention_bias", false);
        var mlp = new GatedFeedForward(
            config.Size("intermediate_size"),
            config.Text("hidden_activation") ?? "gelu",
            config.Flag("mlp_bias", false))
        {
            Fused = "Wi",
            Down = "Wo",
        };
        var step = config.FindSize("global_attn_every_n_layers") ?? 3;
        var isLocal = AttentionWindows.Locals(config, shape, layer => layer % step != 0);
        var window = config.FindSize("sliding_window") ?? (config.FindSize("local_attention") ?? DefaultLocal) / 2;
        var rope = config.Section("rope_parameters");
        var local = Rotary("sliding_attention", config.Positive("local_rope_theta", 1e4));
        var global = Rotary("full_attention", config.Positive("global_rope_theta", 1.6e5));
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("Wo", hasBias));
        var start = norm.Append(model.Graph, "embedding_norm", "model.embeddings.norm", model.Graph.Embeds);

        foreach (var layer in model.Layers("model.layers", start))
        {
            var own = attention with
            {
                Rotary = isLocal[layer.Index] ? local : global,
                Window = isLocal[layer.Index] && window < shape.Reach ? window : null,
            };

            // The norm on embeddings is the first layer's too.
            var rows = layer.Index == 0
                ? layer.Stream("attention_stream")
                : layer.Normed(norm, "attention_norm", "attn_norm");
            layer.Add(own.Append(layer, rows, "attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "mlp_norm"), "mlp"));
        }

        return model.Finish(norm, "model.final_norm", Head(config, model, norm));

        RotaryTables Rotary(string kind, double theta) =>
            model.RotaryOf(config, rope?.Section(kind), theta, name: $"rotary.{kind}");
    }

    private static LanguageHead Head(ConfigJson config, DecoderModel model, Norm norm)
    {
        var (graph, vocabSize) = (model.Graph, model.Shape.VocabSize);
        var function = config.Text("classifier_activation") ?? "gelu";
        return model.Head(config.Flag("tie_word_embeddings", true), "decoder") with
        {
            Bias = config.Flag("decoder_bias", true) ? graph.Tensors.Require("decoder.bias", vocabSize) : null,
            Prepare = rows =>
            {
                var hasBias = config.Flag("classifier_bias", false);
                var dense = Linear.FromLinear(
                    graph, "head.dense", rows, "lm_head.dense", graph.HiddenSize, graph.HiddenSize, hasBias);
                return norm.Append(
                    graph, "head.norm", "lm_head.norm", Activation.Append(graph.Graph, function, "head.act", dense));
            },
        };
    }
}
