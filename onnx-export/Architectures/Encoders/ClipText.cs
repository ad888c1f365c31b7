using Stip.Export.Architectures.Vision;
using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Keys.Bundles;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>CLIP's text tower: every token sees those before it, and the last one that counts stands for the text, or
/// is brought into the space that texts share with images.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="isProjected">True where texts end in that space.</param>
/// <param name="modelType">Its <c>model_type</c> where they do not.</param>
internal sealed class ClipText(string name, bool isProjected, string modelType = "clip_text_model") : IArchitecture
{
    private const string Root = "text_model";

    public string Name => name;

    public string ModelType => isProjected ? "" : modelType;

    /// <summary>Positions where config.json does not say how many.</summary>
    public int DefaultPositions { get; init; } = 77;

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (config, tensors) = (checkpoint.Config, checkpoint.Tensors);
        var sizes = new EncoderSizes(
            config.FindSize("hidden_size") ?? 512,
            config.FindSize("intermediate_size") ?? 2048,
            config.FindSize("num_hidden_layers") ?? 12,
            config.FindSize("num_attention_heads") ?? 8,
            config.Text("hidden_act") ?? "quick_gelu",
            config.Positive("layer_norm_eps", 1e-5));
        var vocabulary = config.FindSize("vocab_size") ?? 49408;
        var positions = config.FindSize("max_position_embeddings") ?? DefaultPositions;
        var encoder = new EncoderGraph(tensors, dtype, sizes.Hidden, isMasked: true);
        encoder.ScoreBias = RowDistances.AppendCausal(encoder);
        var layers = new EncoderLayers(encoder, sizes, ClipTower.Layer, $"{Root}.encoder.layers");
        var rows = layers.AppendPreNorm(encoder.Embeds, $"{Root}.final_layer_norm");
        AppendOutputs(encoder, config, rows);
        return new ExportedModel(
            encoder, sizes.Hidden, vocabulary, positions, IsTied: false, new Dictionary<string, CheckpointTensor>
            {
                [EmbeddingManifest.Token] = tensors.Require(
                    $"{Root}.embeddings.token_embedding.weight", vocabulary, sizes.Hidden),
                [EmbeddingManifest.Position] = tensors.Require(
                    $"{Root}.embeddings.position_embedding.weight", positions, sizes.Hidden),
            })
        {
            Pooling = isProjected ? null : EncoderPorts.Pooled,
        };
    }

    private void AppendOutputs(EncoderGraph encoder, ConfigJson config, string rows)
    {
        var (row, port, width) = (LastRow.Append(encoder, rows), EncoderPorts.Pooled, encoder.HiddenSize);
        HiddenRows.Append(encoder, rows);
        if (isProjected)
        {
            (port, width) = (EncoderPorts.TextEmbeds, config.FindSize("projection_dim") ?? 512);
            row = Linear.FromLinear(
                encoder, "projection", row, "text_projection", encoder.HiddenSize, width, hasBias: false);
        }

        encoder.Graph.Append("", "Identity", $"{port}/Identity", [row], [port]);
        encoder.Graph.AddOutput(port, encoder.Weights.Dtype, "batch", width);
    }
}
