using Stip.Export.Blocks;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Granite whose feed-forward part is a router over experts, in some beside one that every row goes
/// through.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
internal sealed class GraniteMoe(string name, string modelType) : IArchitecture
{
    /// <summary>Granite 4 without recurrent layers: positions only where config.json says so, experts where it has
    /// any.</summary>
    public static GraniteMoe Four { get; } = new("GraniteMoeHybridForCausalLM", "granitemoehybrid")
    {
        IsHybrid = true,
    };

    /// <summary>Granite with experts, windows and sinks.</summary>
    public static GraniteMoe Local { get; } = new("GraniteMoeSWAForCausalLM", "granitemoe_swa") { IsLocal = true };

    public string Name => name;

    public string ModelType => modelType;

    /// <summary>True where layers may be of several kinds, and are refused but for one.</summary>
    public bool IsHybrid { get; init; }

    /// <summary>True where most layers have a window and all have sinks.</summary>
    public bool IsLocal { get; init; }

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        RefuseRecurrent(config);
        var turns = !IsHybrid || config.Text("position_embedding_type") == "rope";
        var shape = DecoderShape.Read(config, rotaryShare: turns ? 1 : 0);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight")
        {
            EmbeddingScale = config.Positive("embedding_multiplier", 1),
        };
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var attention = IsLocal
            ? GraniteAttention.ReadLocal(config, model)
            : GraniteAttention.Read(config, model, turns);
        var function = config.Text("hidden_act") ?? "silu";
        // Published checkpoints and the models of current transformers differ.
        var isPublished = checkpoint.Tensors.Has("model.layers.0.block_sparse_moe.router.layer.weight");
        var count = config.Has("num_local_experts") ? config.Count("num_local_experts") : 8;
        var experts = count == 0 ? null : new ExpertFeedForward(
            count,
            config.FindSize("num_experts_per_tok") ?? 2,
            config.Size("intermediate_size"),
            function)
        {
            Router = isPublished ? "router.layer" : "router",
            StackedGateAndUp = isPublished ? "input_linear.weight" : "experts.gate_up_proj",
            StackedDown = isPublished ? "output_linear.weight" : "experts.down_proj",
        };
        var shared = config.Count("shared_intermediate_size") is > 0 and var width
            ? new GatedFeedForward(width, function) { Fused = "input_linear", Down = "output_linear" }
            : null;
        var share = config.Positive("residual_multiplier", 1);

        foreach (var layer in model.Layers("model.layers"))
        {
            var rows = layer.Normed(norm, "attention_norm", "input_layernorm");
            var given = attention[layer.Index].Append(layer, rows, "self_attn");
            layer.Add(model.Scaled(layer.Name("attention_share"), given, share));
            rows = layer.Normed(norm, "mlp_norm", "post_attention_layernorm");
            if (experts is not null)
            {
                var mixed = experts.Append(layer, rows, "block_sparse_moe");
                layer.Add(model.Scaled(layer.Name("mlp_share"), mixed, share));
            }

            if (shared is not null)
            {
                var beside = shared.Append(layer, rows, "shared_mlp", "shared");
                layer.Add(model.Scaled(layer.Name("shared_share"), beside, share));
            }
        }

        var head = model.Head(config.Flag("tie_word_embeddings", false));
        return model.Finish(norm, "model.norm", head with { Scale = 1 / config.Positive("logits_scaling", 1) });
    }

    private void RefuseRecurrent(ConfigJson config)
    {
        var types = config.Texts("layer_types");
        if (IsHybrid && (types.Count == 0 || types.Any(type => type is not ("attention" or "full_attention"))))
        {
            throw new RefusedException("config.json: layer_types has layers that carry a state from row to row, which "
                + "are not supported; every one must be 'attention'");
        }
    }
}
