using System.Text.Json;
using System.Text.RegularExpressions;
using Stip.Api.Engine;
using Stip.Api.Registry;
using Stip.Api.Registry.Database;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;

namespace Stip.Api.Endpoints.Errors;

/// <summary>Exceptions that are refusals.</summary>
internal static class ExpectedFaults
{
    private static readonly TimeSpan RetryFullDisk = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryDatabase = TimeSpan.FromSeconds(5);

    // Failed to bind parameter "Nullable<int> limit" from "x".
    private static readonly Regex Bound = new(
        """parameter "[^"]* (\w+)" (?:from|was)""", RegexOptions.CultureInvariant);

    /// <summary>The refusal, and its status where that is not the code's own; null for what is a bug.</summary>
    public static (Refusal Refusal, int? Status)? Of(Exception exception) => exception switch
    {
        GraphRefusedException e => (new Refusal(StipErrorCode.PackageInvalid, e.Message, "model"), null),
        SourceRefusedException e => (
            new Refusal(StipErrorCode.InvalidRequest, e.Message, CompletionFields.EncoderInputsEmbeds), null),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => (
            new Refusal(StipErrorCode.PayloadTooLarge, "the body is larger than this route accepts"), null),
        BadHttpRequestException { InnerException: JsonException e } => (MalformedJson(e), null),
        BadHttpRequestException e => (Unbound(e.Message), e.StatusCode),
        JsonException e => (MalformedJson(e), null),
        InvalidDataException e => (
            new Refusal(StipErrorCode.InvalidRequest, e.Message, e.Data[CompletionFields.FaultyField] as string), null),
        InsufficientMemoryException e => (
            new Refusal(StipErrorCode.ServerOverloaded, e.Message, RetryAfter: TimeSpan.FromSeconds(1)), null),
        _ when DiskFaults.IsFull(exception) => (
            new Refusal(StipErrorCode.ServerOverloaded, "the server's disk is full", RetryAfter: RetryFullDisk), null),
        _ when DatabaseFaults.IsAway(exception) => (
            new Refusal(
                StipErrorCode.ServerOverloaded, "the server's database cannot be reached", RetryAfter: RetryDatabase),
            null),
        _ => null,
    };

    // Binding speaks of the program's own parameters and types.
    private static Refusal Unbound(string message) => message.StartsWith("Implicit body", StringComparison.Ordinal)
        ? new Refusal(StipErrorCode.InvalidRequest, "a body in JSON is required")
        : Bound.Match(message) is { Success: true } match
            ? new Refusal(
                StipErrorCode.InvalidRequest, $"{match.Groups[1]} is missing or not of its type", match.Groups[1].Value)
            : new Refusal(StipErrorCode.InvalidRequest, message);

    private static Refusal MalformedJson(JsonException e) => new(
        StipErrorCode.InvalidRequest,
        e.Path is { Length: > 2 } path
            ? $"the body's {path[2..]} is missing or not of its type"
            : "the body is not JSON of this form",
        e.Path is { Length: > 2 } ? e.Path[2..] : null);
}
