namespace Stip.Client.Images;

/// <summary>What an image processor of transformers does by its name, where its settings leave it open.</summary>
/// <param name="Name">What its type begins with.</param>
/// <param name="IsShortest">True where <c>size</c> as one number is the shorter side; false where it is a
/// square.</param>
internal sealed record ProcessorKind(string Name, bool IsShortest)
{
    /// <summary>Which part of an image is seen.</summary>
    public CropShare Share { get; private init; }

    /// <summary>True where the middle is cut out, unless <c>do_center_crop</c> says otherwise.</summary>
    public bool Crops { get; private init; }

    /// <summary>The side that is cut out where <c>crop_size</c> does not say it, and neither does the
    /// model.</summary>
    public int Crop { get; private init; } = 224;

    /// <summary>True where an image is made square, unless <c>do_pad</c> says otherwise.</summary>
    public bool Pads { get; private init; }

    /// <summary>True where <c>do_pad</c> counts; others have it in published files and never read it.</summary>
    public bool ReadsPad { get; private init; }

    /// <summary>True where an image keeps its shape, whatever the model takes: it is cut into at most so many patches.
    /// </summary>
    public bool KeepsShape { get; private init; }

    /// <summary>True where sides are rounded to whole times of <c>ensure_multiple_of</c>.</summary>
    public bool Rounds { get; private init; }

    /// <summary>The filter where <c>resample</c> does not say it.</summary>
    public ResampleFilter Filter { get; private init; } = ResampleFilter.Bilinear;

    /// <summary>Mean and deviation of the colours where <c>image_mean</c> and <c>image_std</c> do not say
    /// them.</summary>
    public ColourScale Colours { get; private init; } = ColourScale.Half;

    /// <summary>True where blue comes first, unless <c>do_flip_channel_order</c> says otherwise.</summary>
    public bool TurnsColours { get; private init; }

    /// <summary>True where pixels are brought to a mean and a deviation, unless <c>do_normalize</c> says
    /// otherwise.</summary>
    public bool Normalizes { get; private init; } = true;

    /// <summary>True where pixels are divided by the deviation twice, unless <c>include_top</c> is false: classifiers
    /// were trained on such.</summary>
    public bool DividesAgain { get; private init; }

    private static readonly ProcessorKind[] Known =
    [
        // A longer name before the shorter one that it begins with.
        Cubic("ViTHybrid", true, ColourScale.Clip) with { Crops = true },
        new("ViT", false),
        new("Siglip2", false) { KeepsShape = true },
        Cubic("Siglip", false, ColourScale.Half),
        new("Segformer", false) { Colours = ColourScale.ImageNet },
        Cubic("DPT", false, ColourScale.Half) with { ReadsPad = true, Rounds = true },
        new("Pvt", false) { Colours = ColourScale.ImageNet },
        Cubic("Blip", false, ColourScale.Clip),
        Cubic("OwlViT", false, ColourScale.Clip) with { Crop = 768 },
        new("DINOv3ViT", false) { Colours = ColourScale.ImageNet },
        new("LayoutLMv3", false),
        new("Owlv2", false) { Pads = true, ReadsPad = true, Colours = ColourScale.Clip },
        Cubic("Beit", false, ColourScale.Half) with { Crops = true },
        new("VideoMAE", true) { Crops = true },
        Cubic("DeiT", false, ColourScale.Half) with { Crops = true },
        new("EfficientNet", false) { DividesAgain = true, Filter = ResampleFilter.Nearest, Crop = 289 },
        Cubic("CLIP", true, ColourScale.Clip) with { Crops = true },
        Cubic("ChineseCLIP", true, ColourScale.Clip) with { Crops = true },
        Cubic("Bit", true, ColourScale.Clip) with { Crops = true },
        new("MobileNet", true) { Crops = true },
        new("ConvNext", true) { Share = CropShare.OfSmallImages },
        Cubic("PoolFormer", true, ColourScale.ImageNet) with { Share = CropShare.OfAllImages, Crops = true },
        Cubic("Levit", true, ColourScale.ImageNet) with { Share = CropShare.Fixed, Crops = true },
        new("MobileViT", true) { TurnsColours = true, Normalizes = false, Crops = true, Crop = 256 },
    ];

    /// <summary>The one of a type, null where it is not known.</summary>
    public static ProcessorKind? Of(string type) =>
        Array.Find(Known, kind => type.StartsWith(kind.Name, StringComparison.Ordinal));

    private static ProcessorKind Cubic(string name, bool isShortest, ColourScale colours) =>
        new(name, isShortest) { Filter = ResampleFilter.Bicubic, Colours = colours };
}
