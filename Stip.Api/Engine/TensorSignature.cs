namespace Stip.Api.Engine;

/// <summary>Element type by its wire name, and axes: -1 where the graph leaves the length open.</summary>
internal sealed record TensorSignature(string Dtype, IReadOnlyList<int> Shape);
