using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Aria (text): Llama whose feed-forward part is a router over experts beside one that every row goes
/// through.</summary>
internal sealed class AriaText : IArchitecture
{
    public string Name => "AriaTextForCausalLM";

    public string ModelType => "aria_text";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var inner = GatedFeedForward.Read(config);
        var hasBias = config.Flag("attention_bias", false);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
        };
        var experts = new ExpertFeedForward(
            config.FindSize("moe_num_experts") ?? 8,
            config.FindSize("moe_topk") ?? 2,
            inner.InnerSize,
            inner.Function)
        {
            Router = "router",
            StackedGateAndUp = "experts.fc1.weight",
            StackedDown = "experts.fc2.weight",
            StoresInputsFirst = true,
        };
        var shared = inner with { InnerSize = inner.InnerSize * (config.FindSize("moe_num_shared_experts") ?? 2) };
        var mlp = new SharedExperts(inner, experts, shared)
        {
            IsSparse = [.. Enumerable.Repeat(true, shape.Layers)],
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
