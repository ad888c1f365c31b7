using System.Text.Json;
using Stip.Client.Tokenization;

namespace Stip.Client.Images;

/// <summary>The size that an image is brought to: fixed sides, or a fixed shorter one.</summary>
internal sealed record SizeRule
{
    // What is made of an image is as large at most as what is read.
    private const long MostPixels = 64L << 20;
    private readonly int? _shortest;

    public SizeRule(int width, int height) => Box = (width, height);

    private SizeRule(int shortest) => (_shortest, Box) = (shortest, (shortest, shortest));

    /// <summary>The sides; a square where only the shorter one is given.</summary>
    public (int Width, int Height) Box { get; }

    /// <summary>The sides, where an image of them is one that is made.</summary>
    /// <param name="name">The field that says them.</param>
    /// <exception cref="InvalidDataException">A side is below 1, or they are more than 64 megapixels.</exception>
    public (int Width, int Height) CheckedBox(string name) =>
        Box is { Width: >= 1, Height: >= 1 } && (long)Box.Width * Box.Height <= MostPixels
            ? Box
            : throw new InvalidDataException(
                $"{name} is {Box.Width} × {Box.Height}; at least 1 × 1 and at most {MostPixels >> 20} million pixels "
                + "are made");

    /// <summary>Reads <c>{"height","width"}</c>, <c>{"shortest_edge"}</c> or one number; null where it is
    /// absent.</summary>
    /// <param name="config">preprocessor_config.json.</param>
    /// <param name="name">The field.</param>
    /// <param name="isShortest">Whether one number means the shorter side (CLIP's older files) or a square.</param>
    public static SizeRule? Read(JsonElement config, string name, bool isShortest = false) => config.Child(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } side => isShortest
            ? new SizeRule(side.GetInt32())
            : new SizeRule(side.GetInt32(), side.GetInt32()),
        { } size when size.Child("shortest_edge") is { } shortest && size.Child("longest_edge") is null =>
            new SizeRule(shortest.GetInt32()),
        { } size when size.Child("height") is { } height && size.Child("width") is { } width =>
            new SizeRule(width.GetInt32(), height.GetInt32()),
        _ => throw new InvalidDataException($"{name} is neither height and width nor shortest_edge"),
    };

    /// <summary>The size of one image.</summary>
    /// <exception cref="InvalidDataException">It would be larger than 64 megapixels, as of an image that is far longer
    /// than wide.</exception>
    public (int Width, int Height) Of(RgbImage image)
    {
        var (width, height) = Sides(image);
        // The resizer goes over the rows of the image before it goes over its columns.
        if (width < 1 || height < 1 || width > MostPixels / Math.Max(height, image.Height))
        {
            throw new InvalidDataException(
                $"an image of {image.Width} × {image.Height} would be resized to {width} × {height}; at least 1 × 1 "
                + $"and at most {MostPixels >> 20} million pixels are made");
        }

        return ((int)width, (int)height);
    }

    private (long Width, long Height) Sides(RgbImage image) => _shortest is not { } side
        ? Box
        : image.Width <= image.Height
            ? (side, (long)side * image.Height / image.Width)
            : ((long)side * image.Width / image.Height, side);
}
