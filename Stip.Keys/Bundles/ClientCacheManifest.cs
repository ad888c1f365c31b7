using System.Text.Json;

namespace Stip.Keys.Bundles;

/// <summary>A tensor that a client's layers take as it was and give longer by the new rows.</summary>
/// <param name="Past">Its name as an input of the graph.</param>
/// <param name="Present">Its name as an output.</param>
/// <param name="Axes">A number for a fixed axis, <c>"length"</c> for the one that grows by a token each, and
/// <c>"batch"</c> for that of the sequences.</param>
public sealed record ClientCacheManifest(string Past, string Present, IReadOnlyList<JsonElement> Axes);
