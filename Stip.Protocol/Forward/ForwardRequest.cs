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
}
