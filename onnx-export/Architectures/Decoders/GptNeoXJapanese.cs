using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>GPT-NeoX-Japanese: GPT-NeoX without biases but for one on the last layer's attention.</summary>
internal sealed class GptNeoXJapanese : IArchitecture
{
    public string Name => "GPTNeoXJapaneseForCausalLM";

    public string ModelType => "gpt_neox_japanese";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, rotaryShare: config.Positive("rotary_pct", 1));
        var model = new DecoderModel(checkpoint, dtype, shape, "gpt_neox_japanese.embed_in.weight");
        var norm = Norm.Layer(config.Positive("layer_norm_eps", 1e-5));
        var mlp = new PlainFeedForward(
            shape.HiddenSize * (config.FindSize("intermediate_multiple_size") ?? 4),
            config.Text("hidden_act") ?? "gelu",
            "dense_h_to_4h",
            "dense_4h_to_h",
            HasBias: false);
        var projection = new QkvProjection(["query_key_value"], HasBias: false) { Order = QkvOrder.Grouped };
        var attention = new SelfAttention(shape.Heads, projection, new OutputProjection("dense", HasBias: false))
        {
            Rotary = model.Rotary(config),
        };

        foreach (var layer in model.Layers("gpt_neox_japanese.layers"))
        {
            var given = attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "attention");
            layer.Add(layer.Index == shape.Layers - 1 ? Shifted(layer, given) : given);
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", true), "embed_out");
        return model.Finish(norm, "gpt_neox_japanese.final_layer_norm", head);
    }

    private static string Shifted(DecoderLayer layer, string rows)
    {
        var (decoder, hidden) = (layer.Decoder, layer.Decoder.HiddenSize);
        var stored = decoder.Tensors.Require(layer.Tensor("attention.dense_bias"), hidden);
        var bias = decoder.Weights.Vector((stored, HeadPadding.None(hidden)));
        return decoder.Graph.Add(
            "Add", layer.Name("attention.shifted"), [rows, decoder.AddWeight(layer.Name("attention.bias"), bias)]);
    }
}
