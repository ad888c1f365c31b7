using System.Text.Json;

namespace Stip.Keys.Bundles;

/// <summary>An input or output of a client's graph.</summary>
/// <param name="Name">Name in the graph.</param>
/// <param name="Dtype">Wire name of the element type, e.g. <c>float32</c>.</param>
/// <param name="Shape">A number for a fixed axis, a string for a named one (<c>batch</c>, <c>seq</c>).</param>
public sealed record ClientTensorManifest(string Name, string Dtype, IReadOnlyList<JsonElement> Shape);
