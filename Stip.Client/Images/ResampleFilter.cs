namespace Stip.Client.Images;

/// <summary>How pixels are weighed when an image changes its size; the numbers are Pillow's.</summary>
public enum ResampleFilter
{
    /// <summary>The nearest pixel.</summary>
    Nearest = 0,

    /// <summary>Lanczos, three lobes.</summary>
    Lanczos = 1,

    /// <summary>A triangle.</summary>
    Bilinear = 2,

    /// <summary>A cubic with a = -0.5.</summary>
    Bicubic = 3,

    /// <summary>Equal weights.</summary>
    Box = 4,

    /// <summary>Hamming.</summary>
    Hamming = 5,
}
