namespace Stip.Client.Images;

/// <summary>Makes of an image what a model takes, as the settings of its image processor say: resize, crop,
/// rescale, normalise.</summary>
/// <remarks>Immutable and safe for concurrent use.</remarks>
public sealed class ImagePreprocessor
{
    private const double PerLevel = 1.0 / 255;

    private const string Pads = "do_pad";
    private const string KeepsAspect = "keep_aspect_ratio";
    private const string MostPatches = "max_num_patches";

    // Steps that would change the picture: Donut's and Nougat's, and one of EfficientNet's.
    private static readonly string[] NotDone =
        ["do_thumbnail", "do_align_long_axis", "do_crop_margin", "rescale_offset"];

    private readonly SizeRule? _size;
    private readonly ResampleFilter _filter;
    private readonly (int Width, int Height)? _crop;
    private readonly string? _squaresOnly; // the setting that would change any other picture
    private readonly bool _bluesFirst;
    private readonly float[] _factors = new float[RgbImage.Channels]; // by channel
    private readonly float[] _offsets = new float[RgbImage.Channels]; // by channel

    private ImagePreprocessor(ProcessorSettings settings, SizeRule? taken)
    {
        if (Array.Find(NotDone, name => settings.Flag(name, false)) is { } step)
        {
            throw new InvalidDataException($"{step} is not supported");
        }

        var kind = settings.Kind;
        (_size, _crop) = Sizes(settings, taken);
        _squaresOnly = SquaresOnly(settings, _size);
        _filter = (ResampleFilter)settings.Integer(
            "resample", (int)(kind?.Filter ?? ResampleFilter.Bilinear));
        if (!Enum.IsDefined(_filter))
        {
            throw new InvalidDataException($"resample is {(int)_filter}; there are 0..5");
        }

        if (_size is null && _crop is null && taken is null)
        {
            // A camera's picture as it is would be more patches than the model was trained on.
            throw new InvalidDataException(
                "do_resize is false and nothing is cropped, and a model of images of any size needs a size");
        }

        _bluesFirst = settings.Flag("do_flip_channel_order", kind?.TurnsColours == true);
        if (_bluesFirst && kind?.TurnsColours != true)
        {
            throw new InvalidDataException("do_flip_channel_order is true, which only MobileViT's processor knows");
        }

        var rescale = settings.Flag("do_rescale", true) ? settings.Number("rescale_factor", PerLevel) : 1;
        var normalizes = settings.Flag("do_normalize", kind?.Normalizes != false);
        var colours = kind?.Colours ?? ColourScale.Half;
        var dividesAgain = kind?.DividesAgain == true && settings.Flag("include_top", true);
        for (var channel = 0; channel < RgbImage.Channels; channel++)
        {
            var mean = normalizes ? settings.OfColour("image_mean", channel, colours.Mean[channel]) : 0;
            var said = settings.OfColour("image_std", channel, colours.Deviation[channel]);
            var deviation = normalizes ? said : 1;
            var all = dividesAgain ? deviation * said : deviation;
            _factors[channel] = (float)(rescale / all);
            _offsets[channel] = (float)(-mean / all);
        }
    }

    /// <summary>Reads <c>preprocessor_config.json</c> of a bundle, or the same settings in
    /// <c>processor_config.json</c>; without them an image is resized to what the model takes and brought to -1..1.
    /// </summary>
    /// <param name="folder">The bundle.</param>
    /// <param name="width">Width that the model takes.</param>
    /// <param name="height">Height that the model takes.</param>
    /// <exception cref="InvalidDataException">The file asks for something that is not supported.</exception>
    public static ImagePreprocessor FromFolder(string folder, int width, int height) =>
        FromFolder(folder, new SizeRule(width, height));

    /// <summary>The same of a model that takes images of any size.</summary>
    /// <exception cref="InvalidDataException">As above, or the file says no size.</exception>
    internal static ImagePreprocessor FromFolder(string folder) => FromFolder(folder, null);

    private static ImagePreprocessor FromFolder(string folder, SizeRule? taken) =>
        ProcessorSettings.Read(folder, settings => new ImagePreprocessor(settings, taken));

    // Where a share of the image is seen, the size says what is cut out of it.
    private static (SizeRule? Size, (int Width, int Height)? Crop) Sizes(ProcessorSettings settings, SizeRule? taken)
    {
        var size = settings.Flag("do_resize", true)
            ? (SizeRule.ReadSize(settings) ?? taken ?? throw Unsaid("size")).Rounded(settings)
            : null;
        var seen = size?.Seen(settings) ?? (null, null);
        return seen.Crop is null && settings.Flag("do_center_crop", settings.Kind?.Crops == true)
            ? (seen.Size, Crop().CheckedBox("crop_size"))
            : seen;

        SizeRule Crop() => SizeRule.ReadCrop(settings) ?? taken
            ?? (settings.Kind is { Crop: var side } ? new SizeRule(side, side) : throw Unsaid("crop_size"));
    }

    // OWLv2's and LLaVA's make a picture square, DPT's and SigLIP 2's bring it to a size of its own shape: squares stay
    // as they are.
    private static string? SquaresOnly(ProcessorSettings settings, SizeRule? size)
    {
        if (size is not null && settings.Flag(KeepsAspect, false))
        {
            return size.Box.Width == size.Box.Height
                ? KeepsAspect
                : throw new InvalidDataException(
                    $"{KeepsAspect} is supported with a square size only, and size is {size.Box.Width} × "
                    + $"{size.Box.Height}");
        }

        if (settings.Kind is { KeepsShape: true })
        {
            return MostPatches;
        }

        return settings.Kind?.ReadsPad != false && settings.Flag(Pads, settings.Kind?.Pads == true) ? Pads : null;
    }

    /// <summary>Applies everything.</summary>
    /// <returns><c>pixel_values [3, height, width]</c>.</returns>
    /// <exception cref="InvalidDataException">The image would become too large, or is not square where only squares are
    /// prepared as they should be.</exception>
    public (float[] Values, int Width, int Height) Apply(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (_squaresOnly is not null && image.Width != image.Height)
        {
            throw new InvalidDataException(
                $"an image is {image.Width} × {image.Height}; with {_squaresOnly}, which is not done, only square "
                + "ones are prepared as the model knows them: pad or cut it before");
        }

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
                var colour = _bluesFirst ? RgbImage.Channels - 1 - channel : channel;
                values[channel * plane + i] =
                    image.Pixels[i * RgbImage.Channels + colour] * _factors[channel] + _offsets[channel];
            }
        }

        return (values, image.Width, image.Height);
    }

    private static InvalidDataException Unsaid(string name) =>
        new($"there is no {name}, which a model of images of any size needs");
}
