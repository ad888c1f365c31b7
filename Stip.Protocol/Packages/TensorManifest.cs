using System.Text.Json;

namespace Stip.Protocol.Packages;

/// <summary>An input or output of a graph.</summary>
/// <param name="Name">Name in the graph.</param>
/// <param name="Dtype">Wire name of the element type, e.g. <c>float32</c>.</param>
/// <param name="Shape">A number for a fixed axis, a string for a named one (<c>batch</c>, <c>seq</c>).</param>
public sealed record TensorManifest(string Name, string Dtype, IReadOnlyList<JsonElement> Shape);
