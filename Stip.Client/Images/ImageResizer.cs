namespace Stip.Client.Images;

/// <summary>
/// Changes the size of an image as Pillow does, which made the pixels that models were trained on: the filter grows
/// with the reduction (antialiasing), weights are rounded to 22 bits, and the rows are rounded to 8 bits between both
/// passes. No image library at hand does all three: Skia's cubic and linear sampling do not widen the filter.
/// </summary>
public static class ImageResizer
{
    private const int WeightBits = 22;

    /// <summary>Resizes.</summary>
    /// <param name="image">The image.</param>
    /// <param name="width">New width, at least 1.</param>
    /// <param name="height">New height, at least 1.</param>
    /// <param name="filter">How pixels are weighed.</param>
    public static RgbImage Resize(RgbImage image, int width, int height, ResampleFilter filter)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (filter == ResampleFilter.Nearest)
        {
            return Nearest(image, width, height);
        }

        if (width != image.Width)
        {
            image = Across(image, Weights(image.Width, width, filter), width);
        }

        return height == image.Height ? image : Down(image, Weights(image.Height, height, filter), height);
    }

    private static RgbImage Nearest(RgbImage image, int width, int height)
    {
        var pixels = new byte[width * height * RgbImage.Channels]; // [height, width, 3]
        for (var y = 0; y < height; y++)
        {
            var fromY = (int)((y + 0.5) * image.Height / height);
            for (var x = 0; x < width; x++)
            {
                var fromX = (int)((x + 0.5) * image.Width / width);
                image.Pixels.AsSpan((fromY * image.Width + fromX) * RgbImage.Channels, RgbImage.Channels)
                    .CopyTo(pixels.AsSpan((y * width + x) * RgbImage.Channels));
            }
        }

        return new RgbImage(width, height, pixels);
    }

    private static RgbImage Across(RgbImage image, Window[] windows, int width)
    {
        var pixels = new byte[width * image.Height * RgbImage.Channels]; // [height, width, 3]
        for (var y = 0; y < image.Height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var from = (y * image.Width + windows[x].First) * RgbImage.Channels;
                Sum(image.Pixels, from, RgbImage.Channels, windows[x], pixels, (y * width + x) * RgbImage.Channels);
            }
        }

        return new RgbImage(width, image.Height, pixels);
    }

    private static RgbImage Down(RgbImage image, Window[] windows, int height)
    {
        var rowBytes = image.Width * RgbImage.Channels;
        var pixels = new byte[rowBytes * height]; // [height, width, 3]
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < rowBytes; x += RgbImage.Channels)
            {
                Sum(image.Pixels, windows[y].First * rowBytes + x, rowBytes, windows[y], pixels, y * rowBytes + x);
            }
        }

        return new RgbImage(image.Width, height, pixels);
    }

    private static void Sum(byte[] source, int from, int stride, Window window, byte[] target, int to)
    {
        for (var channel = 0; channel < RgbImage.Channels; channel++)
        {
            var sum = 1 << (WeightBits - 1);
            for (var i = 0; i < window.Weights.Length; i++)
            {
                sum += source[from + i * stride + channel] * window.Weights[i];
            }

            target[to + channel] = (byte)Math.Clamp(sum >> WeightBits, 0, byte.MaxValue);
        }
    }

    private static Window[] Weights(int from, int to, ResampleFilter filter)
    {
        var kernel = FilterKernel.Of(filter);
        var scale = (double)from / to;
        var widening = Math.Max(scale, 1);
        var support = kernel.Support * widening;
        return [.. Enumerable.Range(0, to).Select(place =>
        {
            var centre = (place + 0.5) * scale;
            var first = Math.Max(0, (int)(centre - support + 0.5));
            var last = Math.Min(from, (int)(centre + support + 0.5));
            var weights = Enumerable.Range(first, last - first)
                .Select(pixel => kernel.Weight((pixel - centre + 0.5) / widening)).ToArray();
            var sum = weights.Sum();
            return new Window(first, Array.ConvertAll(weights, weight => Rounded(sum == 0 ? weight : weight / sum)));
        })];
    }

    private static int Rounded(double weight) =>
        (int)(weight * (1 << WeightBits) + (weight < 0 ? -0.5 : 0.5));

    /// <summary>What one pixel of the new image is made of along one axis.</summary>
    /// <param name="First">First pixel of the old image.</param>
    /// <param name="Weights">Weights from there on, in units of 2^-22.</param>
    private readonly record struct Window(int First, int[] Weights);
}
