using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>NanoChat: norms without weights, on the embeddings too and on heads after they turn (the other way round
/// than elsewhere); a squared ReLU; bent logits.</summary>
internal sealed class NanoChat : IArchitecture
{
    public string Name => "NanoChatForCausalLM";

    public string ModelType => "nanochat";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config) with { LooksUpPositions = true };
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6)) with { HasWeights = false };
        var hasBias = config.Flag("attention_bias", false);
        var mlp = new PlainFeedForward(
            config.Size("intermediate_size"), config.Text("hidden_act") ?? "relu2", "fc1", "fc2", HasBias: false);
        var frequencies = RotaryFrequencies.Read(config, shape.Heads.RotaryDim, shape.TrainedLength);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = RotaryTables.Append(model.Graph, frequencies.Backwards(), shape),
            Norm = new HeadNorm(norm, "", "", HeadNormScope.EachHead) { FollowsRotary = true },
        };
        var start = norm.Append(model.Graph, "embedding_norm", "", model.Graph.Embeds);

        foreach (var layer in model.Layers("model.layers", start))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", ""), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", ""), "mlp"));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", false));
        return model.Finish(norm, "", head with { Softcap = config.Cap("final_logit_softcapping", 15) });
    }
}
