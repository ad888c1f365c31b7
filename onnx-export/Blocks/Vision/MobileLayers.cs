using Stip.Export.Blocks.FeedForward;

namespace Stip.Export.Blocks.Vision;

/// <summary>The convolutions of MobileNet.</summary>
/// <param name="encoder">The graph.</param>
/// <param name="function">Function after convolutions.</param>
/// <param name="growth">How many times wider blocks are inside.</param>
internal sealed class MobileLayers(EncoderGraph encoder, string function, double growth)
{
    /// <summary>How widths are rounded.</summary>
    public MobileWidths Widths { get; init; } = new();

    /// <summary>What norms add to variances.</summary>
    public double Epsilon { get; init; } = 1e-5;

    /// <summary>True where convolutions are padded as TensorFlow does.</summary>
    public bool PadsEvenly { get; init; }

    /// <summary>Appends a convolution without a bias, its norm and, unless it has none, its function.</summary>
    public string Convolved(
        string name, string tensor, Convolution convolution, string image, bool isNormed = true, bool isActive = true)
    {
        var made = (convolution with { HasBias = false, PadsEvenly = PadsEvenly }).Append(
            encoder, name, $"{tensor}.convolution", image);
        made = isNormed
            ? BatchNorm.Append(encoder, $"{name}.norm", $"{tensor}.normalization", made, convolution.Outputs, Epsilon)
            : made;
        return isActive ? Active($"{name}.act", made) : made;
    }

    /// <summary>Appends the function.</summary>
    public string Active(string name, string value) => function == "relu6"
        ? encoder.Graph.Add("Clip", name, [
            value, encoder.SharedScalar("relu6.least", 0), encoder.SharedScalar("relu6.most", 6)])
        : Activation.Append(encoder.Graph, function, name, value);

    /// <summary>Appends a block that is wide inside, with a kernel for each channel there.</summary>
    public string Inverted(string name, string tensor, int inputs, int outputs, int step, string image)
    {
        var wide = Widths.Nearest((int)Math.Round(inputs * growth));
        var made = Convolved($"{name}.up", $"{tensor}.expand_1x1", new Convolution(inputs, wide, Side: 1), image);
        made = Convolved(
            $"{name}.near", $"{tensor}.conv_3x3", Convolution.Apart(wide, side: 3) with { Step = step }, made);
        made = Convolved(
            $"{name}.down", $"{tensor}.reduce_1x1", new Convolution(wide, outputs, Side: 1), made, isActive: false);
        return step == 1 && inputs == outputs ? encoder.Graph.Add("Add", $"{name}.sum", [image, made]) : made;
    }
}
