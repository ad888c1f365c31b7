using Stip.Export.Architectures.Vision;
using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Export.Checkpoints.Tokenizers;
using Stip.Keys.Bundles;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>SigLIP's text tower: the last row, padding or not, goes through a layer and stands for the text.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
internal sealed class SiglipText(string name, string modelType) : IArchitecture
{
    private const string Root = "text_model";

    public string Name => name;

    public string ModelType => modelType;

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (config, tensors) = (checkpoint.Config, checkpoint.Tensors);
        var sizes = new EncoderSizes(
            config.FindSize("hidden_size") ?? 768,
            config.FindSize("intermediate_size") ?? 3072,
            config.FindSize("num_hidden_layers") ?? 12,
            config.FindSize("num_attention_heads") ?? 12,
            config.Text("hidden_act") ?? "gelu_pytorch_tanh",
            config.Positive("layer_norm_eps", 1e-6));
        var vocabulary = config.FindSize("vocab_size") ?? 32000;
        var positions = config.FindSize("max_position_embeddings") ?? 64;
        var encoder = new EncoderGraph(tensors, dtype, sizes.Hidden, isMasked: true);
        var layers = new EncoderLayers(encoder, sizes, ClipTower.Layer, $"{Root}.encoder.layers");
        var rows = layers.AppendPreNorm(encoder.Embeds, $"{Root}.final_layer_norm");
        AppendOutputs(encoder, rows, config.FindSize("projection_size") ?? sizes.Hidden);
        return new ExportedModel(
            encoder, sizes.Hidden, vocabulary, positions, IsTied: false, new Dictionary<string, CheckpointTensor>
            {
                [EmbeddingManifest.Token] = tensors.Require(
                    $"{Root}.embeddings.token_embedding.weight", vocabulary, sizes.Hidden),
                [EmbeddingManifest.Position] = tensors.Require(
                    $"{Root}.embeddings.position_embedding.weight", positions, sizes.Hidden),
            })
        {
            Pooling = EncoderPorts.Pooled,
            // It learned from texts that were filled up and had no mask.
            FillTokenId = PaddingToken.Find(checkpoint.Files) is { } padding && padding >= 0 && padding < vocabulary
                ? padding
                : Math.Clamp(config.Integer("pad_token_id") ?? 1, 0, vocabulary - 1),
        };
    }

    private static void AppendOutputs(EncoderGraph encoder, string rows, int width)
    {
        var graph = encoder.Graph;
        HiddenRows.Append(encoder, rows);
        var last = graph.Add(
            "Gather",
            "last_row/Gather",
            [rows, graph.AddScalarConstant("last_row.index", -1)],
            NodeAttribute.Int("axis", 1));
        var text = Linear.FromLinear(
            encoder, "projection", last, $"{Root}.head", encoder.HiddenSize, width, hasBias: true);
        PoolerOutput.Append(encoder, text, width);
    }
}
