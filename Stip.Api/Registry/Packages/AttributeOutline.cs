namespace Stip.Api.Registry.Packages;

/// <summary>What an attribute of a node holds.</summary>
/// <param name="Name">Of the attribute.</param>
/// <param name="Integer">0 where it is another kind of value.</param>
/// <param name="Tensor">The lengths of its tensor; null for none.</param>
/// <param name="Bodies">Its graphs.</param>
internal sealed record AttributeOutline(
    string Name, ulong Integer, IReadOnlyList<ulong>? Tensor, IReadOnlyList<GraphOutline> Bodies);
