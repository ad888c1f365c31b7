using System.Text.Json.Serialization;

namespace Stip.Protocol.Completions;

/// <summary>Answer of <c>POST /v1/permuted/completions</c>.</summary>
/// <param name="Id">Id of this step.</param>
/// <param name="Object">Always <see cref="ObjectName"/>.</param>
/// <param name="Created">Unix seconds.</param>
/// <param name="Model">Id of the model.</param>
/// <param name="SessionId">The session to go on with; null when it was not kept.</param>
/// <param name="Position">Cache length after the step.</param>
/// <param name="Choices">One for each wanted row, in order.</param>
/// <param name="Usage">Tokens counted.</param>
public sealed record CompletionResponse(
    string Id,
    string Object,
    long Created,
    string Model,
    string? SessionId,
    int Position,
    IReadOnlyList<CompletionChoice> Choices,
    CompletionUsage Usage)
{
    /// <summary>Value of <see cref="Object"/>.</summary>
    public const string ObjectName = "permuted.completion";

    /// <summary>Fingerprint of the package that answered: while a model is being replaced, old sessions are served by
    /// the old one.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Key epoch of the package that answered.</summary>
    public int? KeyEpoch { get; init; }

    /// <summary>Where the server's time went, in the syntax of the header <c>Server-Timing</c>; on a WebSocket only,
    /// where answers have no headers.</summary>
    [JsonIgnore]
    public string? ServerTiming { get; init; }
}
