using Stip.Export.Blocks;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Vision;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>YOLOS: ViT with a row for each thing that may be found, after the patches; positions may be added again
/// between layers.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="finds">True where those rows become labels and boxes, false for the features of all rows.</param>
internal sealed class Yolos(string name, bool finds) : IArchitecture
{
    private const string Root = "vit";
    private const string Embeddings = $"{Root}.embeddings";

    public string Name => name;

    public string ModelType => finds ? "" : "yolos";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (tensors, config) = (checkpoint.Tensors, checkpoint.Config);
        var sizes = Vit.ReadSizes(config);
        var (hidden, things) = (sizes.Hidden, config.FindSize("num_detection_tokens") ?? 100);
        var cut = PatchSizes.Read(config, defaultImage: [512, 864], defaultPatch: 16);
        var patches = new PatchGraph(tensors, hidden, cut, [tensors.Require($"{Embeddings}.cls_token", 1, 1, hidden)])
        {
            After = [tensors.Require($"{Embeddings}.detection_tokens", 1, things, hidden)],
        };
        patches.AppendAll(
            $"{Embeddings}.patch_embeddings.projection",
            hasBias: true,
            tensors.Require($"{Embeddings}.position_embeddings", 1, patches.Rows, hidden),
            positioned: 1);
        var encoder = new EncoderGraph(tensors, dtype, hidden, isMasked: false);
        var rows = AppendLayers(encoder, sizes, patches.Rows, config.Flag("use_mid_position_embeddings", true));
        var labels = finds ? Labels.Read(config).Names.Count + 1 : hidden; // the last one says that there is nothing
        if (finds)
        {
            AppendFound(encoder, rows, things, labels);
        }
        else
        {
            HiddenRows.Append(encoder, rows);
            PoolerOutput.AppendDense(encoder, $"{Root}.pooler.dense", "tanh", hidden);
        }

        return new ExportedModel(
            encoder, hidden, labels, patches.Rows, IsTied: false, new Dictionary<string, CheckpointTensor>())
        {
            Patches = patches,
        };
    }

    private static string AppendLayers(EncoderGraph encoder, EncoderSizes sizes, int rows, bool addsPositions)
    {
        var layers = new EncoderLayers(encoder, sizes, Vit.Layer, $"{Root}.encoder.layer");
        var stream = new ResidualStream(encoder);
        var between = sizes.Layers - 1;
        var table = addsPositions && between > 0
            ? new ReshapedTensor(
                encoder.Tensors.Require(
                    $"{Root}.encoder.mid_position_embeddings", between, 1, rows, sizes.Hidden),
                [(long)between * rows, sizes.Hidden])
            : null;
        for (var layer = 0; layer < sizes.Layers; layer++)
        {
            layers.AppendPreNorm(stream, layer);
            if (table is not null && layer < between)
            {
                stream.Add(encoder.AddWeight($"layers.{layer}.positions", encoder.Weights.Rows(
                    [1, rows, sizes.Hidden], [new TensorRows(table, layer * rows, rows)], 1)));
            }
        }

        return stream.Through(sizes.Norm, "final_norm", $"{Root}.layernorm");
    }

    private static void AppendFound(EncoderGraph encoder, string rows, int things, int labels)
    {
        var graph = encoder.Graph;
        var found = graph.Add("Slice", "found/Slice", [
            rows,
            graph.AddConstant("found.from", -things),
            graph.AddConstant("found.to", long.MaxValue),
            graph.AddConstant("found.axis", 1)]); // [batch, things, hidden]
        var scores = Perceptron(encoder, "head", found, "class_labels_classifier", labels);
        graph.Append("", "Identity", "head/Identity", [scores], [EncoderPorts.Logits]);
        graph.AddOutput(EncoderPorts.Logits, encoder.Weights.Dtype, "batch", things, labels);
        var boxes = Perceptron(encoder, "boxes", found, "bbox_predictor", outputs: 4);
        graph.Append("", "Sigmoid", "boxes/Sigmoid", [boxes], [EncoderPorts.Boxes]);
        graph.AddOutput(EncoderPorts.Boxes, encoder.Weights.Dtype, "batch", things, 4);
    }

    /// <summary>Three layers with a Relu between them.</summary>
    internal static string Perceptron(EncoderGraph encoder, string name, string rows, string tensor, int outputs)
    {
        for (var layer = 0; layer < 3; layer++)
        {
            var part = $"{name}.{layer}";
            rows = layer == 0 ? rows : Activation.Append(encoder.Graph, "relu", $"{part}.act", rows);
            rows = Linear.FromLinear(
                encoder,
                part,
                rows,
                $"{tensor}.layers.{layer}",
                encoder.HiddenSize,
                layer == 2 ? outputs : encoder.HiddenSize,
                hasBias: true);
        }

        return rows;
    }
}
