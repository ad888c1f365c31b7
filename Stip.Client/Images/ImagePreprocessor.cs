using System.Text.Json;
using Stip.Client.Tokenization;

namespace Stip.Client.Images;

/// <summary>Makes of an image what a model takes, as its preprocessor_config.json says: resize, crop, rescale,
/// normalise.</summary>
/// <remarks>Immutable and safe for concurrent use.</remarks>
public sealed class ImagePreprocessor
{
    private const double Half = 0.5;
    private const double PerLevel = 1.0 / 255;

    // Steps that would change the picture: Donut's and Nougat's, and one of EfficientNet's.
    private static readonly string[] NotDone =
        ["do_thumbnail", "do_align_long_axis", "do_crop_margin", "rescale_offset"];

    private readonly SizeRule? _size;
    private readonly ResampleFilter _filter;
    private readonly (int Width, int Height)? _crop;
    private readonly float[] _factors = new float[RgbImage.Channels]; // by channel
    private readonly float[] _offsets = new float[RgbImage.Channels]; // by channel

    private ImagePreprocessor(JsonElement config, SizeRule? taken)
    {
        if (Array.Find(NotDone, name => Flag(config, name, false)) is { } step)
        {
            throw new InvalidDataException($"{step} is not supported");
        }

        _size = Flag(config, "do_resize", true)
            ? SizeRule.Read(config, "size", IsOf(config, "CLIP")) ?? taken ?? throw Unsaid("size")
            : null;
        _filter = (ResampleFilter)Integer(config, "resample", (int)ResampleFilter.Bilinear);
        if (!Enum.IsDefined(_filter))
        {
            throw new InvalidDataException($"resample is {(int)_filter}; there are 0..5");
        }

        if (Flag(config, "do_center_crop", false))
        {
            _crop = (SizeRule.Read(config, "crop_size") ?? taken ?? throw Unsaid("crop_size")).CheckedBox("crop_size");
        }

        if (_size is null && _crop is null && taken is null)
        {
            // A camera's picture as it is would be more patches than the model was trained on.
            throw new InvalidDataException(
                "do_resize is false and nothing is cropped, and a model of images of any size needs a size");
        }

        var rescale = Flag(config, "do_rescale", true) ? Number(config, "rescale_factor", PerLevel) : 1;
        var normalizes = Flag(config, "do_normalize", true);

        // Its classifiers were trained on pixels that were divided twice.
        var dividesAgain = IsOf(config, "EfficientNet") && Flag(config, "include_top", true);
        for (var channel = 0; channel < RgbImage.Channels; channel++)
        {
            var mean = normalizes ? Item(config, "image_mean", channel) : 0;
            var deviation = normalizes ? Item(config, "image_std", channel) : 1;
            var all = dividesAgain ? deviation * Item(config, "image_std", channel) : deviation;
            _factors[channel] = (float)(rescale / all);
            _offsets[channel] = (float)(-mean / all);
        }
    }

    /// <summary>Reads <c>preprocessor_config.json</c> of a bundle; without one an image is resized to what the model
    /// takes and brought to -1..1.</summary>
    /// <param name="folder">The bundle.</param>
    /// <param name="width">Width that the model takes.</param>
    /// <param name="height">Height that the model takes.</param>
    /// <exception cref="InvalidDataException">The file asks for something that is not supported.</exception>
    public static ImagePreprocessor FromFolder(string folder, int width, int height) =>
        FromFolder(folder, new SizeRule(width, height));

    /// <summary>The same of a model that takes images of any size.</summary>
    /// <exception cref="InvalidDataException">As above, or the file says no size.</exception>
    internal static ImagePreprocessor FromFolder(string folder) => FromFolder(folder, null);

    private static ImagePreprocessor FromFolder(string folder, SizeRule? taken)
    {
        var path = Path.Combine(folder, "preprocessor_config.json");
        try
        {
            using var document = JsonDocument.Parse(File.Exists(path) ? File.ReadAllBytes(path) : "{}"u8.ToArray());
            return new ImagePreprocessor(document.RootElement, taken);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{path} is not the JSON that is expected", fault);
        }
        catch (InvalidDataException fault)
        {
            throw new InvalidDataException($"{path}: {fault.Message}", fault);
        }
    }

    /// <summary>Applies everything.</summary>
    /// <returns><c>pixel_values [3, height, width]</c>.</returns>
    public (float[] Values, int Width, int Height) Apply(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (_size is not null)
        {
            var (width, height) = _size.Of(image);
            image = ImageResizer.Resize(image, width, height, _filter);
        }

        if (_crop is { } crop)
        {
            image = CentreCrop.Apply(image, crop.Width, crop.Height);
        }

        var plane = image.Width * image.Height;
        var values = new float[RgbImage.Channels * plane]; // [3, height, width]
        for (var i = 0; i < plane; i++)
        {
            for (var channel = 0; channel < RgbImage.Channels; channel++)
            {
                values[channel * plane + i] =
                    image.Pixels[i * RgbImage.Channels + channel] * _factors[channel] + _offsets[channel];
            }
        }

        return (values, image.Width, image.Height);
    }

    private static InvalidDataException Unsaid(string name) =>
        new($"there is no {name}, which a model of images of any size needs");

    private static bool IsOf(JsonElement config, string family) =>
        (config.OptionalText("image_processor_type") ?? config.OptionalText("feature_extractor_type"))
        ?.StartsWith(family, StringComparison.Ordinal) ?? false;

    private static bool Flag(JsonElement config, string name, bool otherwise) =>
        config.Child(name) is { } value ? value.GetBoolean() : otherwise;

    private static int Integer(JsonElement config, string name, int otherwise) =>
        config.Child(name) is { } value ? value.GetInt32() : otherwise;

    private static double Number(JsonElement config, string name, double otherwise) =>
        config.Child(name) is { } value ? value.GetDouble() : otherwise;

    private static double Item(JsonElement config, string name, int channel) => config.Child(name) switch
    {
        null => Half,
        { ValueKind: JsonValueKind.Number } one => one.GetDouble(),
        { } list when list.GetArrayLength() == RgbImage.Channels => list[channel].GetDouble(),
        _ => throw new InvalidDataException($"{name} is not one number for each of {RgbImage.Channels} colours"),
    };
}
