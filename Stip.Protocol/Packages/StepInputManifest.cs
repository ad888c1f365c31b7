using System.Text.Json;

namespace Stip.Protocol.Packages;

/// <summary>An input of a decoder with a growing cache that the server makes anew for each step, of lengths
/// alone.</summary>
/// <param name="Name">Its name in the graph.</param>
/// <param name="Value">What it holds: <see cref="Past"/>, <see cref="Rows"/>, <see cref="Total"/>, <see cref="Last"/>,
/// <see cref="Positions"/>, <see cref="Mask"/>, <see cref="Blocked"/> or <see cref="Bias"/>.</param>
/// <param name="Axes">A number for a fixed axis, <c>"batch"</c> for sequences, <c>"rows"</c> for the new rows,
/// <c>"length"</c> for tokens in the cache and <c>"total"</c> for both; none for a single number.</param>
public sealed record StepInputManifest(string Name, string Value, IReadOnlyList<JsonElement> Axes)
{
    /// <summary>Tokens in the cache before the step.</summary>
    public const string Past = "past";

    /// <summary>New rows; as an axis, one place for each.</summary>
    public const string Rows = "rows";

    /// <summary>Tokens in the cache after the step; as an axis, one place for each.</summary>
    public const string Total = "total";

    /// <summary>Position of the last token.</summary>
    public const string Last = "last";

    /// <summary>Positions of the new rows; where there is no axis of rows, of the first of them.</summary>
    public const string Positions = "positions";

    /// <summary>1 where a row sees a token, which stands before it or is its own; 0 elsewhere.</summary>
    public const string Mask = "mask";

    /// <summary>0 where a row sees a token, 1 elsewhere.</summary>
    public const string Blocked = "blocked";

    /// <summary>0 where a row sees a token, the lowest number of the input's type elsewhere.</summary>
    public const string Bias = "bias";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> Values { get; } = [Past, Rows, Total, Last, Positions, Mask, Blocked, Bias];
}
