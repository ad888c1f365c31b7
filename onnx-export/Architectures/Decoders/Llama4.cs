using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Llama 4 (text): layers that turn heads within chunks, between them layers that see everything and know no
/// positions; one expert for each row, which takes the row times its share, beside one that every row goes
/// through.</summary>
internal sealed class Llama4 : IArchitecture
{
    private const int GlobalPeriod = 4;

    public string Name => "Llama4ForCausalLM";

    public string ModelType => "llama4_text";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults("""{"rope_theta": 5e5, "attention_chunk_size": 8192}""");
        var shape = DecoderShape.Read(config, defaultHeadDim: 128) with { LooksUpPositions = true };
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-5));
        var mlp = Experts(config, shape);
        var period = config.FindSize("no_rope_layer_interval") ?? GlobalPeriod;
        var turns = config.Integers("no_rope_layers") is { Count: > 0 } listed
            ? listed
            : [.. Enumerable.Range(0, shape.Layers).Select(layer => (layer + 1) % period == 0 ? 0 : 1)];
        if (turns.Count < shape.Layers)
        {
            throw new RefusedException($"config.json: no_rope_layers has {turns.Count} numbers; "
                + $"it must have one for each of {shape.Layers} layers");
        }

        var hasBias = config.Flag("attention_bias", false);
        var global = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias));
        var turnedNorm = new HeadNorm(norm with { HasWeights = false }, "", "", HeadNormScope.EachHead)
        {
            FollowsRotary = true,
        };
        var local = global with
        {
            Rotary = model.Rotary(config, isInterleaved: true),
            Norm = config.Flag("use_qk_norm", true) ? turnedNorm : null,
            Mask = config.FindSize("attention_chunk_size") is { } chunk && chunk < shape.Reach
                ? ChunkMask.Append(model.Graph, chunk)
                : null,
        };
        global = global with { QueryFactor = Growth(config, model) };

        foreach (var layer in model.Layers("model.layers"))
        {
            var own = turns[layer.Index] != 0 ? local : global;
            layer.Add(own.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "feed_forward"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }

    private static string? Growth(ConfigJson config, DecoderModel model) =>
        config.Switch("attn_temperature_tuning", true) && config.Positive("floor_scale", 8192) is var step
            && step <= model.Shape.Reach
            ? PositionFactor.Append(model.Graph, config.Positive("attn_scale", 0.1), (int)step, first: 1)
            : null;

    private static SharedExperts Experts(ConfigJson config, DecoderShape shape)
    {
        var inner = GatedFeedForward.Read(config);
        var plain = inner with { InnerSize = config.Size("intermediate_size_mlp") };
        var sparse = config.Integers("moe_layers");
        if (sparse is { Count: 0 })
        {
            // MobileLLM-R1: 0 stands for experts, those of a row, and layers from one with experts to the next.
            foreach (var none in new[] { "num_local_experts", "num_experts_per_tok", "interleave_moe_layer_step" })
            {
                config.Count(none);
            }

            return new SharedExperts(plain, null, null) { IsSparse = new bool[shape.Layers] };
        }

        var step = config.FindSize("interleave_moe_layer_step") ?? 1;
        var chosen = config.FindSize("num_experts_per_tok") ?? 1;
        return new SharedExperts(
            plain,
            new ExpertFeedForward(config.Size("num_local_experts"), chosen, inner.InnerSize, inner.Function)
            {
                Router = "router",
                Routing = ExpertRouting.Sigmoid,
                Normalizes = false,
                ScalesInputs = chosen == 1 ? true : throw new RefusedException(
                    $"config.json: num_experts_per_tok is {chosen}; rows of Llama 4 have one expert (1)"),
                StoresInputsFirst = true,
            },
            inner)
        {
            IsSparse = [.. Enumerable.Range(0, shape.Layers).Select(
                layer => sparse?.Contains(layer) ?? (layer + 1) % step == 0)],
            SharedPart = "shared_expert",
        };
    }
}
