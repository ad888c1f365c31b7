namespace Stip.Client.Images;

/// <summary>Mean and deviation of red, green and blue that pixels of 0..1 are brought to.</summary>
/// <param name="Mean">What is taken off.</param>
/// <param name="Deviation">What it is divided by.</param>
internal sealed record ColourScale(IReadOnlyList<double> Mean, IReadOnlyList<double> Deviation)
{
    /// <summary>To -1..1.</summary>
    public static ColourScale Half { get; } = new([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]);

    /// <summary>ImageNet's.</summary>
    public static ColourScale ImageNet { get; } = new([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

    /// <summary>Those that OpenAI's CLIP was trained with.</summary>
    public static ColourScale Clip { get; } =
        new([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]);
}
