using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Keys.Bundles;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>GPT-2: LayerNorm, learned positions (the client adds them), GELU, biases everywhere, tied head.</summary>
internal sealed class Gpt2 : IArchitecture
{
    public string Name => "GPT2LMHeadModel";

    public string ModelType => "gpt2";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = Gpt2Config.Read(checkpoint.Config);
        var tensors = checkpoint.Tensors;
        var tokens = tensors.Require("transformer.wte.weight", config.VocabSize, config.HiddenSize);
        var positions = tensors.Require("transformer.wpe.weight", config.ContextLength, config.HiddenSize);
        var head = config.IsTied ? tokens : tensors.Require("lm_head.weight", config.VocabSize, config.HiddenSize);

        var decoder = new DecoderGraph(tensors, dtype, config.HiddenSize, config.Layers, config.Heads);
        var attention = new SelfAttention(decoder, config.Heads, rotary: null);

        var stream = decoder.Embeds; // [batch, seq, hidden]
        for (var layer = 0; layer < config.Layers; layer++)
        {
            stream = AppendLayer(decoder, config, attention, layer, stream);
        }

        var rows = LanguageHead.SelectRows(decoder, stream);
        var normed = Norm.AppendLayer(decoder, "final_norm", rows, "transformer.ln_f", config.NormEpsilon);
        LanguageHead.Append(decoder, normed, head, config.VocabSize);
        return new ExportedModel(
            decoder,
            config.HiddenSize,
            config.VocabSize,
            config.ContextLength,
            config.IsTied,
            new Dictionary<string, CheckpointTensor>
            {
                [EmbeddingManifest.Token] = tokens,
                [EmbeddingManifest.Position] = positions,
            });
    }

    private static string AppendLayer(
        DecoderGraph decoder, Gpt2Config config, SelfAttention attention, int layer, string stream)
    {
        var (graph, heads) = (decoder.Graph, config.Heads);
        var (name, tensor) = ($"layers.{layer}", $"transformer.h.{layer}");

        var normed = Norm.AppendLayer(
            decoder, $"{name}.attention_norm", stream, $"{tensor}.ln_1", config.NormEpsilon);
        var packed = PackedProjection.FromConv1D(
            decoder, $"{name}.attention.qkv", normed, $"{tensor}.attn.c_attn", heads);
        var attended = attention.Append(layer, packed, config.Scale(layer));
        var projected = PackedProjection.OutputFromConv1D(
            decoder, $"{name}.attention.output", attended, $"{tensor}.attn.c_proj", heads);
        stream = graph.Add("Add", $"{name}.attention.residual", [stream, projected]);

        normed = Norm.AppendLayer(decoder, $"{name}.mlp_norm", stream, $"{tensor}.ln_2", config.NormEpsilon);
        var transformed = FeedForward.AppendPlain(
            decoder, $"{name}.mlp", normed, $"{tensor}.mlp", config.InnerSize, config.Activation);
        return graph.Add("Add", $"{name}.mlp.residual", [stream, transformed]);
    }
}
