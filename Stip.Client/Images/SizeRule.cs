using System.Text.Json;
using Stip.Client.Tokenization;

namespace Stip.Client.Images;

/// <summary>The size that an image is brought to: fixed sides, or a fixed shorter one.</summary>
internal sealed record SizeRule
{
    // What is made of an image is as large at most as what is read.
    private const long MostPixels = 64L << 20;

    // As images are prepared that ImageNet's classifiers are trained on.
    private const double LargestOfUsual = 256;
    private const double SeenOfUsual = 224;
    private const int LeastWarped = 384;
    private const string Share = "crop_pct";

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

    /// <summary>Reads <c>size</c>: <c>{"height","width"}</c>, a list of the two, <c>{"shortest_edge"}</c> or one
    /// number, of which the processor says what it is; null where it is absent.</summary>
    /// <exception cref="InvalidDataException">It is something else, or a number or a list of a processor that is not
    /// known.</exception>
    public static SizeRule? ReadSize(ProcessorSettings settings) =>
        settings.Find("size") is { ValueKind: JsonValueKind.Number or JsonValueKind.Array }
            && settings is { Type: { } type, Kind: null }
            ? throw new InvalidDataException($"size has no names, and what {type} means by it is not known; it must be "
                + "height and width, or shortest_edge")
            : Read(settings.Find("size"), "size", settings.Kind?.IsShortest == true);

    /// <summary>Reads <c>crop_size</c>, where one number is a square; null where it is absent.</summary>
    public static SizeRule? ReadCrop(ProcessorSettings settings) =>
        Read(settings.Find("crop_size"), "crop_size", isShortest: false);

    /// <summary>The same with sides that are whole times of <c>ensure_multiple_of</c>, where the processor knows it.
    /// </summary>
    public SizeRule Rounded(ProcessorSettings settings)
    {
        var step = settings is { Kind.Rounds: true } ? settings.Integer("ensure_multiple_of", 1) : 1;
        return step == 1 || _shortest is not null ? this
            : step > 1 ? new SizeRule(Near(Box.Width), Near(Box.Height))
            : throw new InvalidDataException($"ensure_multiple_of is {step}; it must be at least 1");

        int Near(int side) => (int)Math.Min(int.MaxValue, Math.Round((double)side / step) * step);
    }

    /// <summary>The size to bring an image to where the processor sees a share of it, and what it cuts out of that;
    /// null where it cuts nothing by itself.</summary>
    public (SizeRule? Size, (int Width, int Height)? Crop) Seen(ProcessorSettings settings)
    {
        switch (settings.Kind?.Share)
        {
            case CropShare.Fixed when _shortest is { } side:
                return (new SizeRule(Whole(LargestOfUsual / SeenOfUsual * side)), null);
            case CropShare.OfAllImages when !settings.Has(Share) || settings.Find(Share) is not null:
                var most = settings.Number(Share, 0.9);
                return (Box.Width == Box.Height
                    ? new SizeRule(Whole(Box.Width / most))
                    : new SizeRule(Whole(Box.Width / most), Whole(Box.Height / most)), null);
            case CropShare.OfSmallImages:
                var (width, height) = CheckedBox("size");
                if (width != height)
                {
                    throw new InvalidDataException($"size is {width} × {height}; {settings.Type} takes squares");
                }

                return width < LeastWarped
                    ? (new SizeRule(Whole(width / settings.Number(Share, SeenOfUsual / LargestOfUsual))), Box)
                    : (new SizeRule(width, height), null);
            default:
                return (this, null);
        }
    }

    private static int Whole(double side) => side is >= 1 and <= MostPixels
        ? (int)side
        : throw new InvalidDataException($"{Share} makes a side of {side}; it must be 1..{MostPixels}");

    private static SizeRule? Read(JsonElement? field, string name, bool isShortest) => field switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } side => isShortest
            ? new SizeRule(side.GetInt32())
            : new SizeRule(side.GetInt32(), side.GetInt32()),
        { ValueKind: JsonValueKind.Array } sides when sides.GetArrayLength() == 2 =>
            new SizeRule(sides[1].GetInt32(), sides[0].GetInt32()),
        { ValueKind: not JsonValueKind.Object } => throw Unknown(name),
        { } size when size.Child("shortest_edge") is { } shortest => size.Child("longest_edge") is null
            ? new SizeRule(shortest.GetInt32())
            : throw new InvalidDataException(
                $"{name} has shortest_edge and longest_edge, which is not supported; it must have the first alone, or "
                + "height and width"),
        { } size when size.Child("height") is { } height && size.Child("width") is { } width =>
            new SizeRule(width.GetInt32(), height.GetInt32()),
        _ => throw Unknown(name),
    };

    private static InvalidDataException Unknown(string name) =>
        new($"{name} is neither height and width nor shortest_edge");

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
