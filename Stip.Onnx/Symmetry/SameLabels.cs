using System.Diagnostics.CodeAnalysis;

namespace Stip.Onnx.Symmetry;

/// <summary>Compares arrays of labels by what they hold.</summary>
internal sealed class SameLabels : IEqualityComparer<int[]>
{
    public static SameLabels Instance { get; } = new();

    public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode([DisallowNull] int[] obj) =>
        HashCode.Combine(obj.Length, obj.FirstOrDefault(), Middle(obj), obj.LastOrDefault());

    private static int Middle(int[] labels) => labels.Length == 0 ? 0 : labels[labels.Length / 2];
}
