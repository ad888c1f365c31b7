using System.Runtime.InteropServices;
using SkiaSharp;

namespace Stip.Client.Images;

/// <summary>Reads image files: PNG, JPEG, WebP, GIF (its first picture) and BMP.</summary>
public static class ImageReader
{
    // Four bytes a pixel: a file of a few kilobytes must not ask for gigabytes.
    private const long MostPixels = 64L << 20;
    private const int BytesPerPixel = 4;

    /// <summary>Decodes a file. Transparency is dropped, not blended, as Pillow's conversion to RGB does; the
    /// orientation that a camera noted is applied.</summary>
    /// <exception cref="InvalidDataException">The bytes are no image that can be read, or it is larger than 64
    /// megapixels; one line.</exception>
    public static RgbImage Decode(ReadOnlyMemory<byte> file)
    {
        using var data = SKData.CreateCopy(file.Span);
        using var codec = SKCodec.Create(data)
            ?? throw new InvalidDataException("the image cannot be read; it must be PNG, JPEG, WebP, GIF or BMP");
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if (width < 1 || height < 1 || (long)width * height > MostPixels)
        {
            throw new InvalidDataException(
                $"the image has {width} × {height} pixels; at most {MostPixels >> 20} million are read");
        }

        var info = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        var colours = new byte[(long)width * height * BytesPerPixel]; // [height, width, 4]
        var pin = GCHandle.Alloc(colours, GCHandleType.Pinned);
        try
        {
            return codec.GetPixels(info, pin.AddrOfPinnedObject()) == SKCodecResult.Success
                ? new RgbImage(width, height, WithoutAlpha(colours)).Upright((int)codec.EncodedOrigin)
                : throw new InvalidDataException("the image is damaged or cut off");
        }
        finally
        {
            pin.Free();
        }
    }

    private static byte[] WithoutAlpha(byte[] colours)
    {
        var pixels = new byte[colours.Length / BytesPerPixel * RgbImage.Channels];
        for (int from = 0, to = 0; to < pixels.Length; from += BytesPerPixel, to += RgbImage.Channels)
        {
            colours.AsSpan(from, RgbImage.Channels).CopyTo(pixels.AsSpan(to));
        }

        return pixels;
    }
}
