using System.Text.Json;

namespace Stip.Protocol.Packages;

/// <summary>A tensor that a step takes as it was and gives longer by its new rows; or, without an axis that grows, a
/// state, which it gives anew at the same size and which is zeros before the first step.</summary>
/// <param name="Past">Its name as an input of the graph.</param>
/// <param name="Present">Its name as an output.</param>
/// <param name="Axes">A number for a fixed axis, <c>"length"</c> for the one that grows by a token each, if any, and
/// <c>"batch"</c> for that of the sequences; a tensor without the latter holds one sequence.</param>
public sealed record CacheTensorManifest(string Past, string Present, IReadOnlyList<JsonElement> Axes)
{
    /// <summary>The word for the axis that grows.</summary>
    public const string Length = "length";

    /// <summary>The word for the axis of sequences.</summary>
    public const string Batch = "batch";
}
