namespace Stip.Client.Images;

/// <summary>An image as 8-bit red, green and blue.</summary>
/// <param name="Width">Pixels from left to right, at least 1.</param>
/// <param name="Height">Pixels from top to bottom, at least 1.</param>
/// <param name="Pixels"><c>[height, width, 3]</c>.</param>
public sealed record RgbImage(int Width, int Height, byte[] Pixels)
{
    /// <summary>Colours of a pixel.</summary>
    public const int Channels = 3;

    /// <summary>The image turned upright as its camera says (EXIF orientation 1..8).</summary>
    internal RgbImage Upright(int orientation)
    {
        if (orientation is <= 1 or > 8)
        {
            return this;
        }

        var isTurned = orientation >= 5;
        var (width, height) = isTurned ? (Height, Width) : (Width, Height);
        var pixels = new byte[Pixels.Length]; // [height, width, 3]
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var (fromX, fromY) = orientation switch
                {
                    2 => (Width - 1 - x, y),
                    3 => (Width - 1 - x, Height - 1 - y),
                    4 => (x, Height - 1 - y),
                    5 => (y, x),
                    6 => (y, Height - 1 - x),
                    7 => (Width - 1 - y, Height - 1 - x),
                    _ => (Width - 1 - y, x),
                };
                Pixels.AsSpan((fromY * Width + fromX) * Channels, Channels)
                    .CopyTo(pixels.AsSpan((y * width + x) * Channels));
            }
        }

        return new RgbImage(width, height, pixels);
    }
}
