using Stip.Protocol.Tensors;

namespace Stip.Protocol.Forward;

/// <summary>Answer of <c>POST /v1/permuted/forward</c>.</summary>
/// <param name="Id">Id of this pass.</param>
/// <param name="Object">Always <see cref="ObjectName"/>.</param>
/// <param name="Model">Id of the model.</param>
/// <param name="Outputs">Every output of the graph by name.</param>
public sealed record ForwardResponse(
    string Id, string Object, string Model, IReadOnlyDictionary<string, TensorPayload> Outputs)
{
    /// <summary>Value of <see cref="Object"/>.</summary>
    public const string ObjectName = "permuted.forward";

    /// <summary>Fingerprint of the package that answered: a client with other keys refuses its outputs.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Key epoch of the package that answered.</summary>
    public int? KeyEpoch { get; init; }
}
