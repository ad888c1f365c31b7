using Stip.Protocol.Tensors;

namespace Stip.Protocol.Completions;

/// <summary>Body of <c>POST /v1/permuted/completions</c>: rows to append to a session's cache.</summary>
/// <param name="Model">Id of the model.</param>
/// <param name="PromptEmbeds">Permuted embedding rows, <c>[n, hidden_size]</c>.</param>
/// <param name="SessionId">The session to go on with; null opens one.</param>
/// <param name="Position">The cache length the caller believes in; required with <paramref name="SessionId"/>.</param>
/// <param name="Logits">Which logits to send back; null means the full last row.</param>
/// <param name="MaxLength">Longest cache of a new session, in tokens; null means the model's context length.</param>
/// <param name="Keep">False releases the session after the step. Default true.</param>
public sealed record CompletionRequest(
    string Model,
    TensorPayload PromptEmbeds,
    string? SessionId = null,
    int? Position = null,
    LogitsRequest? Logits = null,
    int? MaxLength = null,
    bool Keep = true)
{
    /// <summary>Permuted rows of the source, <c>[rows, hidden_size]</c>: required at position 0 of a model with an
    /// encoder beside its decoder, refused elsewhere. A session goes on with the source that it began with.</summary>
    public TensorPayload? EncoderInputsEmbeds { get; init; }
}
