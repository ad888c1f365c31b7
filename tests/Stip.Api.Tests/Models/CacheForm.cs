namespace Stip.Api.Tests.Models;

/// <summary>How a graph of another exporter takes and gives its cache.</summary>
public enum CacheForm
{
    /// <summary>By the contract's names, <c>[batch, heads, length, dim]</c>.</summary>
    Named,

    /// <summary>The same by names of its own.</summary>
    Renamed,

    /// <summary><c>[batch, length, heads, dim]</c>.</summary>
    Turned,

    /// <summary>Keys and values in one tensor a layer, <c>[2, batch, heads, length, dim]</c>.</summary>
    Stacked,

    /// <summary>Of one sequence, <c>[heads, length, dim]</c>.</summary>
    Alone,
}
