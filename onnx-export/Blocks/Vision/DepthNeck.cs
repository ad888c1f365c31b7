using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Vision;

/// <summary>From the features of some layers of a ViT to one image (DPT, arXiv 2103.13413): each becomes an image of
/// its own fineness, and the coarser ones are drawn over the finer ones.</summary>
/// <param name="encoder">The graph.</param>
/// <param name="widths">Channels of each image.</param>
/// <param name="factors">How many times finer than the grid of patches each is.</param>
/// <param name="width">Channels of all where they are put together.</param>
internal sealed class DepthNeck(
    EncoderGraph encoder, IReadOnlyList<int> widths, IReadOnlyList<double> factors, int width)
{
    private const string Root = "neck";
    private const string Parts = $"{Root}.reassemble_stage";
    private const string Fusion = $"{Root}.fusion_stage.layers";

    private static readonly string[] NotedParts = ["convolution1", "convolution2", "batch_norm1", "batch_norm2"];
    private static readonly string[] NotedKinds = ["weight", "bias", "running_mean", "running_var"];

    private readonly GraphBuilder _graph = encoder.Graph;

    /// <summary>What the class token gives patches: <c>project</c>, <c>add</c>, or nothing.</summary>
    public string Readout { get; init; } = "ignore";

    /// <summary>Function after what the class token gives patches.</summary>
    public string ReadoutFunction { get; init; } = "gelu";

    /// <summary>True where images are drawn to the sides of the next, false where to twice their own.</summary>
    public bool FollowsNext { get; init; }

    /// <summary>True where norms follow the convolutions of the fusion.</summary>
    public bool HasNorms { get; init; }

    /// <summary>Whether convolutions of the fusion have biases; null where they do unless norms follow.</summary>
    public bool? HasFusionBias { get; init; }

    /// <summary>Appends everything.</summary>
    /// <param name="states">Rows <c>[batch, 1 + patches, hidden]</c> of each layer.</param>
    /// <returns>An image <c>[batch, width, height, width]</c>.</returns>
    public string Append(IReadOnlyList<string> states)
    {
        var features = states.Select((rows, i) => new Convolution(widths[i], width, Side: 3) { HasBias = false }.Append(
            encoder, $"{Root}.{i}.even", $"{Root}.convs.{i}", Reassembled(i, rows))).Reverse().ToList();

        // The coarsest has nothing before it: asked for, what it would go through counts as known.
        foreach (var (part, kind) in from part in NotedParts from kind in NotedKinds select (part, kind))
        {
            encoder.Tensors.Has($"{Fusion}.0.residual_layer1.{part}.{kind}");
        }

        var image = features[0];
        for (var i = 0; i < features.Count; i++)
        {
            var (name, tensor) = ($"{Root}.fusion.{i}", $"{Fusion}.{i}");
            if (i > 0)
            {
                var finer = FollowsNext ? features[i] : Images.Resized(
                    _graph, $"{name}.even", features[i], Images.Sides(_graph, $"{name}.sides", image));
                image = _graph.Add("Add", $"{name}.sum", [
                    image, Residual($"{name}.own", $"{tensor}.residual_layer1", finer)]);
            }

            image = Residual($"{name}.all", $"{tensor}.residual_layer2", image);
            var sides = FollowsNext && i + 1 < features.Count
                ? Images.Sides(_graph, $"{name}.next_sides", features[i + 1])
                : Twice($"{name}.twice", image);
            image = Images.Resized(_graph, $"{name}.drawn", image, sides, joinsCorners: true);
            image = new Convolution(width, width, Side: 1).Append(
                encoder, $"{name}.projection", $"{tensor}.projection", image);
        }

        return image;
    }

    /// <summary>Twice the sides of an image.</summary>
    public string Twice(string name, string image) => _graph.Add("Mul", name, [
        Images.Sides(_graph, $"{name}.sides", image), _graph.Shared($"{Root}.two", 2)]);

    private string Reassembled(int i, string rows)
    {
        var (name, tensor, hidden) = ($"{Root}.{i}", $"{Parts}.layers.{i}", encoder.HiddenSize);
        var image = Images.OfRows(_graph, $"{name}.image", Patches(name, i, rows), hidden, $"{PixelStart.Grid}/output");
        image = new Convolution(hidden, widths[i], Side: 1).Append(
            encoder, $"{name}.projection", $"{tensor}.projection", image);
        if (factors[i] > 1)
        {
            var side = (int)factors[i];
            var kernel = encoder.Tensors.Require($"{tensor}.resize.weight", widths[i], widths[i], side, side);
            var bias = encoder.Tensors.Require($"{tensor}.resize.bias", widths[i]);
            return _graph.Add(
                "ConvTranspose",
                $"{name}.finer",
                [
                    image,
                    encoder.AddWeight($"{name}.finer.weight", encoder.Weights.Rows(kernel.Shape, [kernel], 1)),
                    encoder.AddWeight(
                        $"{name}.finer.bias", encoder.Weights.Vector((bias, HeadPadding.None(widths[i])))),
                ],
                NodeAttribute.Ints("kernel_shape", side, side),
                NodeAttribute.Ints("strides", side, side));
        }

        return factors[i] is 1
            ? image
            : new Convolution(widths[i], widths[i], Side: 3) { Step = (int)(1 / factors[i]) }.Append(
                encoder, $"{name}.coarser", $"{tensor}.resize", image);
    }

    private string Patches(string name, int i, string rows)
    {
        var patches = Cut($"{name}.patches", rows, 1, long.MaxValue);
        if (Readout == "ignore")
        {
            return patches;
        }

        var token = Cut($"{name}.token", rows, 0, 1);
        if (Readout == "add")
        {
            return _graph.Add("Add", $"{name}.read", [patches, token]);
        }

        var everywhere = _graph.Add("Expand", $"{name}.everywhere", [
            token, _graph.Add("Shape", $"{name}.shape", [patches])]);
        var both = _graph.Add("Concat", $"{name}.both", [patches, everywhere], NodeAttribute.Int("axis", -1));
        var hidden = encoder.HiddenSize;
        return Activation.Append(_graph, ReadoutFunction, $"{name}.act", Linear.FromLinear(
            encoder, $"{name}.read", both, $"{Parts}.readout_projects.{i}.0", 2 * hidden, hidden, hasBias: true));
    }

    private string Cut(string name, string rows, long from, long to) => _graph.Add("Slice", name, [
        rows, _graph.Shared($"{Root}.from.{from}", from), _graph.Shared($"{Root}.to.{to}", to),
        _graph.Shared($"{Root}.rows", 1)]);

    private string Residual(string name, string tensor, string image)
    {
        var inner = image;
        foreach (var part in new[] { 1, 2 })
        {
            inner = _graph.Add("Relu", $"{name}.act{part}", [inner]);
            inner = new Convolution(width, width, Side: 3) { HasBias = HasFusionBias ?? !HasNorms }.Append(
                encoder, $"{name}.{part}", $"{tensor}.convolution{part}", inner);
            inner = HasNorms
                ? BatchNorm.Append(encoder, $"{name}.norm{part}", $"{tensor}.batch_norm{part}", inner, width)
                : inner;
        }

        return _graph.Add("Add", name, [inner, image]);
    }
}
