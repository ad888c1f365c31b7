namespace Stip.Client.Images;

/// <summary>The middle of an image; what lies outside of it is black.</summary>
internal static class CentreCrop
{
    public static RgbImage Apply(RgbImage image, int width, int height)
    {
        var (left, top) = (FloorHalf(image.Width - width), FloorHalf(image.Height - height));
        var pixels = new byte[width * height * RgbImage.Channels]; // [height, width, 3]
        for (var y = Math.Max(0, -top); y < height && y + top < image.Height; y++)
        {
            var first = Math.Max(0, -left);
            var count = Math.Min(width, image.Width - left) - first;
            if (count > 0)
            {
                image.Pixels
                    .AsSpan(((y + top) * image.Width + first + left) * RgbImage.Channels, count * RgbImage.Channels)
                    .CopyTo(pixels.AsSpan((y * width + first) * RgbImage.Channels));
            }
        }

        return new RgbImage(width, height, pixels);
    }

    private static int FloorHalf(int difference) => difference >> 1;
}
