namespace Stip.TestKit.Gguf;

/// <summary>A way to store elements, by the published block layouts.</summary>
/// <param name="Name">Name that llama.cpp gives it.</param>
/// <param name="Number">Number in a file.</param>
/// <param name="BlockLength">Elements of a block.</param>
/// <param name="BlockBytes">Bytes of a block.</param>
/// <param name="ScaleAt">Where the half-precision scale of a block is; -1 where elements stand on their own.</param>
/// <param name="MinimumAt">Where its half-precision minimum is; -1 where it has none.</param>
/// <param name="Spread">Root mean square of what random bits give per unit of the scale, about.</param>
/// <param name="Shift">Minimum, in scales, that brings the mean of random bits to zero.</param>
public sealed record GgufType(
    string Name,
    uint Number,
    int BlockLength,
    int BlockBytes,
    int ScaleAt,
    int MinimumAt = -1,
    float Spread = 1,
    float Shift = 0)
{
    /// <summary>All that model files commonly have.</summary>
    public static IReadOnlyList<GgufType> All { get; } =
    [
        new("F32", 0, 1, 4, -1),
        new("F16", 1, 1, 2, -1),
        new("BF16", 30, 1, 2, -1),
        new("Q4_0", 2, 32, 18, 0, Spread: 4.6f),
        new("Q4_1", 3, 32, 20, 0, 2, 4.6f, -7.5f),
        new("Q5_0", 6, 32, 22, 0, Spread: 9.2f),
        new("Q5_1", 7, 32, 24, 0, 2, 9.2f, -15.5f),
        new("Q8_0", 8, 32, 34, 0, Spread: 74),
        new("Q2_K", 10, 256, 84, 80, 82, 12, 1.5f),
        new("Q3_K", 11, 256, 110, 108, Spread: 43),
        new("Q4_K", 12, 256, 144, 0, 2, 210, 7.5f),
        new("Q5_K", 13, 256, 176, 0, 2, 420, 15.5f),
        new("Q6_K", 14, 256, 210, 208, Spread: 1370),
        new("IQ4_NL", 20, 32, 18, 0, Spread: 68),
        new("IQ4_XS", 23, 256, 136, 0, Spread: 1270),
    ];

    /// <summary>One of <see cref="All"/> by its name.</summary>
    public static GgufType Named(string name) => All.First(type => type.Name == name);
}
