using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>DeiT: ViT with a second token before the patches, which may have a classifier of its own.</summary>
internal sealed class Deit(string name, VisionHead head) : IArchitecture
{
    private const string Embeddings = "deit.embeddings";

    private static readonly string[] Tokens = ["cls_token", "distillation_token"];
    private static readonly string[] Classifiers = ["cls_classifier", "distillation_classifier"];

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? "deit" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (tensors, config) = (checkpoint.Tensors, checkpoint.Config);
        var sizes = Vit.ReadSizes(config);
        var patches = VisionEncoder.Patches(
            tensors,
            config,
            sizes.Hidden,
            Embeddings,
            [.. Tokens.Select(token => tensors.Require($"{Embeddings}.{token}", 1, 1, sizes.Hidden))],
            positioned: Tokens.Length);
        var encoder = new EncoderGraph(tensors, dtype, sizes.Hidden, isMasked: false);
        var layers = new EncoderLayers(encoder, sizes, Vit.Layer, "deit.encoder.layer");
        var model = VisionEncoder.Build(encoder, config, patches, layers, sizes, "deit.layernorm", head switch
        {
            VisionHead.Classes => (rows, labels) => new ClassifierHead(Dense: null, Activation: "", "classifier")
                .Append(encoder, FirstRow.Append(encoder, rows), labels),
            VisionHead.TwoClassifiers => (rows, labels) => AppendBoth(encoder, rows, labels),
            _ => null,
        });
        if (head == VisionHead.Hidden)
        {
            Vit.AppendPooler(encoder, config, "deit");
        }

        return model;
    }

    // The mean of what the two classifiers say.
    private static void AppendBoth(EncoderGraph encoder, string rows, int labels)
    {
        var graph = encoder.Graph;
        var hidden = encoder.HiddenSize;
        var scores = Classifiers.Select((tensor, row) =>
        {
            var features = graph.Add(
                "Gather",
                $"{tensor}/Gather",
                [rows, graph.AddScalarConstant($"{tensor}.row", row)],
                Onnx.Model.NodeAttribute.Int("axis", 1));
            return Linear.FromLinear(encoder, tensor, features, tensor, hidden, labels, hasBias: true);
        }).ToList();
        var sum = graph.Add("Add", "head/Add", scores);
        var mean = graph.Add("Mul", "head/Mul", [sum, graph.AddConstant("head.half", encoder.Weights.Dtype, 0.5)]);
        VisionEncoder.Declare(encoder, mean, labels);
    }
}
