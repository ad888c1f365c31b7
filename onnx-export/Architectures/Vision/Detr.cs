using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Vision;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>DETR: a ResNet, layers over its last image, and layers of learned queries that look at it and become
/// labels and boxes. Table Transformer is the same with norms before each part. Written as other exporters write it,
/// from pixels on, for images of any size that need no padding.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
/// <param name="finds">True for labels and boxes, false for the features of the queries.</param>
/// <param name="isPreNorm">True where norms come before each part.</param>
internal sealed class Detr(string name, string modelType, bool finds, bool isPreNorm) : IArchitecture
{
    private const string Root = "model";

    // That of torch: config.json has none.
    private const double NormEpsilon = 1e-5;

    public string Name => name;

    public string ModelType => modelType;

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseUnless("position_embedding_type", "sine");
        config.RefuseFlag("auxiliary_loss"); // then rows are normed after every layer
        var (network, hidden) = (DetrBackbone.Describe(config), config.FindSize("d_model") ?? 256);
        var tensors = DetrBackbone.Renamed(checkpoint.Tensors, config);
        var channels = config.FindSize("num_channels") ?? 3;
        var encoder = new EncoderGraph(tensors, dtype, hidden, graph => graph.Graph.AddInput(
            EncoderPorts.Pixels, dtype, "batch", channels, "height", "width"));
        var image = new Convolution(ResNet.Widths(network)[^1], hidden, Side: 1).Append(
            encoder, "image", $"{Root}.input_projection", ResNet.AppendImage(encoder, network));
        var places = ImageWaves.Append(encoder, image);
        var sizes = ReadSizes(config, hidden, "encoder");
        var seen = new DetectionLayers(encoder, sizes, isPreNorm).Append(
            "encoder", $"{Root}.encoder.layers", Images.Rows(encoder.Graph, "image.rows", image, hidden), places);
        seen = isPreNorm ? sizes.Norm.Append(encoder, "encoder.norm", $"{Root}.encoder.layernorm", seen) : seen;

        var count = config.FindSize("num_queries") ?? 100;
        var queries = Queries(encoder, image, count);
        var rows = new DetectionLayers(encoder, ReadSizes(config, hidden, "decoder"), isPreNorm).Append(
            "decoder",
            $"{Root}.decoder.layers",
            encoder.Graph.Add("Mul", "queries.start", [queries, encoder.SharedScalar("queries.none", 0)]),
            queries,
            (seen, places));
        rows = sizes.Norm.Append(encoder, "decoder.norm", $"{Root}.decoder.layernorm", rows);
        if (finds)
        {
            AppendFound(encoder, rows, count, Labels.Read(config).Names.Count + 1);
        }
        else
        {
            HiddenRows.Append(encoder, rows);
        }

        return ImageTail.Model(encoder);
    }

    private static EncoderSizes ReadSizes(ConfigJson config, int hidden, string part) => new(
        hidden,
        config.FindSize($"{part}_ffn_dim") ?? 2048,
        config.FindSize($"{part}_layers") ?? 6,
        config.FindSize($"{part}_attention_heads") ?? 8,
        config.Text("activation_function") ?? "relu",
        NormEpsilon);

    // The same for every image of the batch, [batch, count, hidden].
    private static string Queries(EncoderGraph encoder, string image, int count)
    {
        var (graph, hidden) = (encoder.Graph, encoder.HiddenSize);
        var stored = encoder.Tensors.Require($"{Root}.query_position_embeddings.weight", count, hidden);
        var table = graph.AddWeight("queries", encoder.Weights.Rows([1, count, hidden], [stored], 1));
        var batch = graph.Add(
            "Shape", "queries.batch", [image], NodeAttribute.Int("start", 0), NodeAttribute.Int("end", 1));
        var shape = graph.Add(
            "Concat",
            "queries.shape",
            [batch, graph.AddConstant("queries.row", count, hidden)],
            NodeAttribute.Int("axis", 0));
        return graph.Add("Expand", "queries.all", [table, shape]);
    }

    // The last label says that there is nothing.
    private static void AppendFound(EncoderGraph encoder, string rows, int count, int labels)
    {
        var (graph, dtype) = (encoder.Graph, encoder.Weights.Dtype);
        var scores = Linear.FromLinear(
            encoder, "head", rows, "class_labels_classifier", encoder.HiddenSize, labels, hasBias: true);
        graph.Append("", "Identity", "head/Identity", [scores], [EncoderPorts.Logits]);
        graph.AddOutput(EncoderPorts.Logits, dtype, "batch", count, labels);
        var boxes = Yolos.Perceptron(encoder, "boxes", rows, "bbox_predictor", outputs: 4);
        graph.Append("", "Sigmoid", "boxes/Sigmoid", [boxes], [EncoderPorts.Boxes]);
        graph.AddOutput(EncoderPorts.Boxes, dtype, "batch", count, 4);
    }
}
