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

        var norm = Norm.Layer(config.NormEpsilon);
        var stream = new ResidualStream(decoder); // [batch, seq, hidden]
        for (var layer = 0; layer < config.Layers; layer++)
        {
            AppendLayer(decoder, config, attention, norm, layer, stream);
        }

        var rows = LanguageHead.SelectRows(decoder, stream.Sum("residual"));
        var normed = norm.Append(decoder, "final_norm", "transformer.ln_f", rows);
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

    private static void AppendLayer(
        DecoderGraph decoder, Gpt2Config config, SelfAttention attention, Norm norm, int layer, ResidualStream stream)
    {
        var heads = config.Heads;
        var (name, tensor) = ($"layers.{layer}", $"transformer.h.{layer}");

        var normed = stream.Through(norm, $"{name}.attention_norm", $"{tensor}.ln_1");
        var packed = PackedProjection.FromConv1D(
            decoder, $"{name}.attention.qkv", normed, $"{tensor}.attn.c_attn", heads);
        var attended = attention.Append(layer, packed, config.Scale(layer));
        var projected = PackedProjection.OutputFromConv1D(
            decoder, $"{name}.attention.output", attended, $"{tensor}.attn.c_proj", heads);
        stream.Add(projected);

        normed = stream.Through(norm, $"{name}.mlp_norm", $"{tensor}.ln_2");
        var transformed = FeedForward.AppendPlain(
            decoder, $"{name}.mlp", normed, $"{tensor}.mlp", config.InnerSize, config.Activation);
        stream.Add(transformed);
    }
}
