namespace Stip.Client.Generation;

/// <summary>What a generation cost.</summary>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="CompletionTokens">Tokens generated.</param>
/// <param name="Rounds">Requests, that for the copy of another answer's cache among them.</param>
/// <param name="Replays">Times that the server had lost the cache.</param>
/// <param name="BytesSent">Bytes of request bodies.</param>
/// <param name="BytesReceived">Bytes of answer bodies.</param>
/// <param name="Client">Time of the client's own work: rows, logits, choice of tokens, text.</param>
/// <param name="Wire">Time on the way to the server and back.</param>
/// <param name="Server">Time that the server says it took; zero where it does not say, and then <paramref name="Wire"/>
/// holds it.</param>
public sealed record GenerationUsage(
    int PromptTokens,
    int CompletionTokens,
    int Rounds,
    int Replays,
    long BytesSent,
    long BytesReceived,
    TimeSpan Client,
    TimeSpan Wire,
    TimeSpan Server);
