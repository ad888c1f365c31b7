using System.Numerics;

namespace Stip.Export.Blocks.Weights;

/// <summary>How much room a tile gets, so that the next one, which may be a few rows longer, needs no other: what is
/// left behind is large, and stays until garbage is collected.</summary>
internal static class TileRoom
{
    /// <summary>Elements for a tile of so many.</summary>
    public static int For(int elements) => (int)Math.Min(
        BitOperations.RoundUpToPowerOf2((uint)elements), Math.Max((uint)elements, 1U << 24));
}
