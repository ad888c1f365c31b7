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

    /// <summary>True where an image is made square, unless <c>do_pad</c> says otherwise.</summary>
    public bool Pads { get; private init; }

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
        new("ViTHybrid", true) { Crops = true },
        new("ViT", false), new("Siglip", false), new("Segformer", false), new("DPT", false), new("Pvt", false),
        new("Blip", false), new("OwlViT", false), new("DINOv3ViT", false), new("LayoutLMv3", false),
        new("Owlv2", false) { Pads = true },
        new("Beit", false) { Crops = true },
        new("VideoMAE", true) { Crops = true },
        new("DeiT", false) { Crops = true },
        new("EfficientNet", false) { DividesAgain = true },
        new("CLIP", true) { Crops = true },
        new("ChineseCLIP", true) { Crops = true },
        new("Bit", true) { Crops = true },
        new("MobileNet", true) { Crops = true },
        new("ConvNext", true) { Share = CropShare.OfSmallImages },
        new("PoolFormer", true) { Share = CropShare.OfAllImages, Crops = true },
        new("Levit", true) { Share = CropShare.Fixed, Crops = true },
        new("MobileViT", true) { TurnsColours = true, Normalizes = false, Crops = true },
    ];

    /// <summary>The one of a type, null where it is not known.</summary>
    public static ProcessorKind? Of(string type) =>
        Array.Find(Known, kind => type.StartsWith(kind.Name, StringComparison.Ordinal));
}
