namespace Stip.Onnx.Symmetry.Values;

/// <summary>
/// An axis of a <see cref="PlacedValue"/>: positions, features, or both where a reshape has merged them (heads of all
/// windows). The outermost part comes first; neighbours of one sort are one part.
/// </summary>
internal sealed class PlacedAxis
{
    private PlacedAxis(PlacedFactor[] factors)
    {
        Factors = factors;
        (Places, Features) = (Product(isPlace: true), Product(isPlace: false));
    }

    /// <summary>An axis of length one.</summary>
    public static PlacedAxis Single { get; } = new([]);

    public PlacedFactor[] Factors { get; }

    /// <summary>How many positions.</summary>
    public int Places { get; }

    /// <summary>How many features.</summary>
    public int Features { get; }

    public int Length => Places * Features;

    /// <summary>True where it holds no features, or one.</summary>
    public bool IsPlaces => Features == 1;

    /// <summary>True where it holds one position.</summary>
    public bool IsFeatures => Places == 1;

    public static PlacedAxis OfPlaces(int length) => Of([new PlacedFactor(length, IsPlace: true)]);

    public static PlacedAxis OfFeatures(int length) => Of([new PlacedFactor(length, IsPlace: false)]);

    /// <summary>An axis of parts, the outermost first.</summary>
    public static PlacedAxis Of(IEnumerable<PlacedFactor> factors)
    {
        var merged = new List<PlacedFactor>();
        foreach (var factor in factors.Where(factor => factor.Length != 1))
        {
            if (merged.Count > 0 && merged[^1].IsPlace == factor.IsPlace)
            {
                merged[^1] = factor with { Length = merged[^1].Length * factor.Length };
            }
            else
            {
                merged.Add(factor);
            }
        }

        return merged.Count == 0 ? Single : new PlacedAxis([.. merged]);
    }

    /// <summary>True where both are made of the same parts.</summary>
    public bool Is(PlacedAxis other) => Factors.AsSpan().SequenceEqual(other.Factors);

    private int Product(bool isPlace) =>
        Factors.Where(factor => factor.IsPlace == isPlace).Aggregate(1, (count, factor) => count * factor.Length);
}
