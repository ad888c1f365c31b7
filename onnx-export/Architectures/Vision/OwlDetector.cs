using Stip.Export.Blocks;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Vision;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>OWL-ViT's detector: CLIP's vision tower whose every patch becomes a box and a vector in the space of texts,
/// which products with the vector of a text tell apart. The tower for texts is a model of its own.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="isSecond">True where boxes also say how likely it is that they hold anything (OWLv2).</param>
internal sealed class OwlDetector(string name, bool isSecond) : IArchitecture
{
    private const string Embeds = "class_embeds";
    private const string Shift = "logit_shift";
    private const string Scale = "logit_scale";
    private const string Objectness = "objectness_logits";
    private const float Shortest = 1e-6f;
    private const int BoxSides = 4;

    public string Name => name;

    public string ModelType => "";

    /// <summary>What config.json leaves out.</summary>
    public required string Defaults { get; init; }

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults(Defaults);
        var tower = new ClipTower(checkpoint.Tensors, config, dtype);
        tower.AppendUntil(tower.Sizes.Layers);
        var (encoder, sizes) = (tower.Encoder, tower.Sizes);
        var rows = Merged(encoder, sizes, tower.Stream.Sum("residual"));
        AppendClasses(encoder, rows, tower.Patches.Sizes.Count, config.Size("projection_dim"));
        AppendBoxes(encoder, rows, tower.Patches.Sizes);
        if (isSecond)
        {
            var sure = Perceptron(encoder, "objectness", rows, "objectness_head", outputs: 1);
            Declare(encoder, Objectness, encoder.Graph.Add(
                "Squeeze", "objectness/flat", [sure, encoder.Graph.AddConstant("objectness.axis", 2)]),
                tower.Patches.Sizes.Count);
        }

        return new ExportedModel(
            encoder,
            sizes.Hidden,
            sizes.Hidden,
            tower.Patches.Rows,
            IsTied: false,
            new Dictionary<string, CheckpointTensor>())
        {
            Patches = tower.Patches,
        };
    }

    // Rows of the patches, each times that of the whole image.
    private static string Merged(EncoderGraph encoder, EncoderSizes sizes, string rows)
    {
        var graph = encoder.Graph;
        var normed = sizes.Norm.Append(encoder, "post_norm", "vision_model.post_layernorm", rows);
        var merged = graph.Add("Mul", "merged", [Cut("patches", 1, long.MaxValue), Cut("whole", 0, 1)]);
        return sizes.Norm.Append(encoder, "merged_norm", "layer_norm", merged);

        string Cut(string part, long from, long to) => graph.Add("Slice", $"merged.{part}", [
            normed,
            graph.AddConstant($"merged.{part}.from", from),
            graph.AddConstant($"merged.{part}.to", to),
            graph.AddConstant($"merged.{part}.axis", 1)]);
    }

    // A vector of length 1 for each patch, and what logits are shifted and scaled by.
    private static void AppendClasses(EncoderGraph encoder, string rows, int patches, int width)
    {
        var (graph, hidden) = (encoder.Graph, encoder.HiddenSize);
        var vectors = Linear.FromLinear(encoder, "classes", rows, "class_head.dense0", hidden, width, hasBias: true);
        var length = graph.Add(
            "ReduceL2", "classes.length", [vectors, graph.AddConstant("classes.axis", -1)],
            NodeAttribute.Int("keepdims", 1));
        var divisor = graph.Add("Add", "classes.divisor", [
            length, encoder.SharedScalar("classes.shortest", Shortest)]);
        Declare(encoder, Embeds, graph.Add("Div", "classes.even", [vectors, divisor]), patches, width);
        Declare(encoder, Shift, Number("logit_shift"), patches, 1);
        var raised = graph.Add("Elu", "logit_scale.act", [Number("logit_scale")]);
        Declare(encoder, Scale, graph.Add("Add", "logit_scale.raised", [
            raised, encoder.SharedScalar("logit_scale.one", 1)]), patches, 1);

        string Number(string part) => Linear.FromLinear(
            encoder, $"{part}.dense", rows, $"class_head.{part}", hidden, 1, hasBias: true);
    }

    private static void AppendBoxes(EncoderGraph encoder, string rows, PatchSizes cut)
    {
        var graph = encoder.Graph;
        var moved = Perceptron(encoder, "boxes", rows, "box_head", BoxSides);
        var places = graph.AddWeight(
            "boxes.places", encoder.Weights.Table([1, cut.Count, BoxSides], Places(cut.Columns, cut.Rows)));
        var sum = graph.Add("Add", "boxes.placed", [moved, places]);
        Declare(encoder, EncoderPorts.Boxes, graph.Add("Sigmoid", "boxes.sides", [sum]), cut.Count, BoxSides);
    }

    // What makes a box one patch large at its patch, before the sigmoid: middle across and down, width, height.
    private static float[] Places(int columns, int rows) =>
        [.. from row in Enumerable.Range(1, rows)
            from column in Enumerable.Range(1, columns)
            from share in new[] { (float)column / columns, (float)row / rows, 1f / columns, 1f / rows }
            select Logit(share)];

    // In float32, as transformers does: at 1 that shows.
    private static float Logit(float share)
    {
        const float least = 1e-4f;
        return MathF.Log(share + least) - (float)Math.Log(1d + (least - share));
    }

    private static string Perceptron(EncoderGraph encoder, string name, string rows, string tensor, int outputs)
    {
        var hidden = encoder.HiddenSize;
        for (var layer = 0; layer < 3; layer++)
        {
            var part = $"{name}.{layer}";
            rows = layer == 0 ? rows : Activation.Append(encoder.Graph, "gelu", $"{part}.act", rows);
            rows = Linear.FromLinear(
                encoder, part, rows, $"{tensor}.dense{layer}", hidden, layer == 2 ? outputs : hidden, hasBias: true);
        }

        return rows;
    }

    private static void Declare(EncoderGraph encoder, string port, string value, params ReadOnlySpan<Axis> shape)
    {
        encoder.Graph.Append("", "Identity", $"{port}/Identity", [value], [port]);
        encoder.Graph.AddOutput(port, encoder.Weights.Dtype, ["batch", .. shape]);
    }
}
