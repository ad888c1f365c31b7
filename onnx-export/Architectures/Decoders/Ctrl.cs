using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>CTRL (arXiv 1909.05858): waves as positions (the client adds them), ReLU, a tied head with a
/// bias.</summary>
internal sealed class Ctrl : IArchitecture
{
    public string Name => "CTRLLMHeadModel";

    public string ModelType => "ctrl";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, rotaryShare: 0);
        var model = new DecoderModel(checkpoint, dtype, shape, "transformer.w.weight")
        {
            EmbeddingScale = MathF.Sqrt(shape.HiddenSize),
            Positions = WavePositions.FromZero(shape.ContextLength, shape.HiddenSize),
        };
        var norm = Norm.Layer(config.Positive("layer_norm_epsilon", 1e-6));
        var mlp = new PlainFeedForward(config.Size("dff"), "relu", "0", "2");
        var attention = new SelfAttention(
            shape.Heads,
            QkvProjection.Apart(hasBias: true, "Wq", "Wk", "Wv"),
            new OutputProjection("dense", HasBias: true));

        foreach (var layer in model.Layers("transformer.h"))
        {
            var rows = layer.Normed(norm, "attention_norm", "layernorm1");
            layer.Add(attention.Append(layer, rows, "multi_head_attention"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "layernorm2"), "ffn"));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", true));
        return model.Finish(norm, "transformer.layernorm", head with
        {
            Bias = checkpoint.Tensors.Require("lm_head.bias", shape.VocabSize),
        });
    }
}
