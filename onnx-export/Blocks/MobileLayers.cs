namespace Stip.Export.Blocks;

/// <summary>The convolutions of MobileNet.</summary>
/// <param name="encoder">The graph.</param>
/// <param name="function">Function after convolutions.</param>
/// <param name="growth">How many times wider blocks are inside.</param>
internal sealed class MobileLayers(EncoderGraph encoder, string function, double growth)
{
    // Widths are multiples of it.
    private const int Divisor = 8;

    /// <summary>Appends a convolution without a bias, its norm and, unless it has none, its function.</summary>
    public string Convolved(
        string name, string tensor, Convolution convolution, string image, bool isNormed = true, bool isActive = true)
    {
        var made = (convolution with { HasBias = false }).Append(encoder, name, $"{tensor}.convolution", image);
        made = isNormed
            ? BatchNorm.Append(encoder, $"{name}.norm", $"{tensor}.normalization", made, convolution.Outputs)
            : made;
        return isActive ? Active($"{name}.act", made) : made;
    }

    /// <summary>Appends the function.</summary>
    public string Active(string name, string value) => Activation.Append(encoder.Graph, function, name, value);

    /// <summary>Appends a block that is wide inside, with a kernel for each channel there.</summary>
    public string Inverted(string name, string tensor, int inputs, int outputs, int step, string image)
    {
        var wide = Divisible((int)Math.Round(inputs * growth));
        var made = Convolved($"{name}.up", $"{tensor}.expand_1x1", new Convolution(inputs, wide, Side: 1), image);
        made = Convolved(
            $"{name}.near", $"{tensor}.conv_3x3", Convolution.Apart(wide, side: 3) with { Step = step }, made);
        made = Convolved(
            $"{name}.down", $"{tensor}.reduce_1x1", new Convolution(wide, outputs, Side: 1), made, isActive: false);
        return step == 1 && inputs == outputs ? encoder.Graph.Add("Add", $"{name}.sum", [image, made]) : made;
    }

    // The nearest multiple that is not a tenth below.
    private static int Divisible(int width)
    {
        var nearest = Math.Max(Divisor, (width + (Divisor / 2)) / Divisor * Divisor);
        return nearest < 0.9 * width ? nearest + Divisor : nearest;
    }
}
