using Stip.Export.Architectures.Decoders;
using Stip.Export.Architectures.Vision;
using Stip.Export.Blocks;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Joined;

/// <summary>
/// LLaVA: a CLIP tower whose features of one layer (or several) go through a projector and stand among the rows of a
/// decoder's text, where the image token is.
/// </summary>
internal sealed class Llava : IArchitecture
{
    // Published checkpoints, and those that current transformers writes.
    private static readonly (string, string)[] Text =
    [
        ("model.", "language_model.model."), ("lm_head.", "language_model.lm_head."),
        ("model.", "model.language_model."), ("lm_head.", "lm_head."),
    ];

    private static readonly (string, string)[] Vision =
    [
        ("vision_model.", "vision_tower.vision_model."), ("vision_model.", "model.vision_tower.vision_model."),
        ("vision_model.", "model.vision_tower."), ("multi_modal_projector.", "multi_modal_projector."),
        ("multi_modal_projector.", "model.multi_modal_projector."),
    ];

    public string Name => "LlavaForConditionalGeneration";

    public string ModelType => "llava";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = LlavaConfig.Read(checkpoint.Config);
        var hasHead = checkpoint.Part(config.Text, Text).Tensors.Has("lm_head.weight");
        var text = checkpoint.Part(TextDefaults.Complete(config.Text, "llama", hasHead), Text);
        var decoder = SupportedArchitectures.OfPart(text.Config).Build(text, dtype);
        var tower = new ClipTower(new RenamedTensors(checkpoint.Tensors, Vision), config.Vision, dtype);
        AppendFeatures(tower, config, decoder.HiddenSize);
        return decoder with
        {
            Patches = tower.Patches,
            Vision = tower.Encoder,
            ImageTokenId = config.ImageTokenId < decoder.VocabSize
                ? config.ImageTokenId
                : throw new RefusedException($"config.json: image_token_index is {config.ImageTokenId}; the vocabulary "
                    + $"has 0..{decoder.VocabSize - 1}"),
        };
    }

    private static void AppendFeatures(ClipTower tower, LlavaConfig config, int textSize)
    {
        var encoder = tower.Encoder;
        var chosen = new Dictionary<int, string>(); // [batch, 1 + patches, hidden] by layer
        var layers = config.Layers(tower.Sizes.Layers);
        foreach (var layer in layers.Distinct().Order())
        {
            tower.AppendUntil(layer);
            chosen.Add(layer, tower.Stream.Sum($"features.{layer}"));
        }

        var features = layers.Count == 1
            ? chosen[layers[0]]
            : encoder.Graph.Add(
                "Concat", "features/Concat", [.. layers.Select(layer => chosen[layer])], NodeAttribute.Int("axis", -1));
        if (config.DropsClassToken)
        {
            features = encoder.Graph.Add(
                "Slice",
                "features/Slice",
                [
                    features,
                    encoder.Graph.AddConstant("features.from", 1),
                    encoder.Graph.AddConstant("features.to", long.MaxValue),
                    encoder.Graph.AddConstant("features.axis", 1),
                ]);
        }

        AppendProjector(encoder, config, features, layers.Count * tower.Sizes.Hidden, textSize);
    }

    private static void AppendProjector(
        EncoderGraph encoder, LlavaConfig config, string features, int width, int textSize)
    {
        const string names = "multi_modal_projector.linear";
        var inner = Linear.FromLinear(
            encoder, "projector.up", features, $"{names}_1", width, textSize, config.HasProjectorBias);
        var active = Activation.Append(encoder.Graph, config.ProjectorActivation, "projector.act", inner);
        var rows = Linear.FromLinear(
            encoder, "projector.down", active, $"{names}_2", textSize, textSize, config.HasProjectorBias);
        encoder.Graph.Append("", "Identity", "image_features/Identity", [rows], [EncoderPorts.ImageFeatures]);
        encoder.Graph.AddOutput(EncoderPorts.ImageFeatures, encoder.Weights.Dtype, "batch", "patches", textSize);
    }
}
