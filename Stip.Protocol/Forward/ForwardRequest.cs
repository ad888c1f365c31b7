using Stip.Protocol.Tensors;

namespace Stip.Protocol.Forward;

/// <summary>Body of <c>POST /v1/permuted/forward</c>: one pass of a graph without a cache.</summary>
/// <param name="Model">Id of the model.</param>
/// <param name="Inputs">Every input of the graph by name.</param>
/// <param name="Graph">Role of the graph, e.g. <c>vision</c>; null where the package has one without a cache.</param>
public sealed record ForwardRequest(
    string Model, IReadOnlyDictionary<string, TensorPayload> Inputs, string? Graph = null)
{
    /// <summary>Most texts that Stip.Client sends in one pass; a server takes bodies of so many whatever it runs
    /// together.</summary>
    public const int ClientTexts = 32;

    /// <summary>The first row to bring back, from 0, of every output <c>[1, length, width]</c> that has one for each
    /// row of the input <c>[1, length, width]</c>; other outputs come whole. Null (default) for all rows, or for the
    /// first where <see cref="RowCount"/> is given.</summary>
    public int? FirstRow { get; init; }

    /// <summary>How many rows to bring back from there on; null for one where <see cref="FirstRow"/> is given.
    /// </summary>
    public int? RowCount { get; init; }
}
