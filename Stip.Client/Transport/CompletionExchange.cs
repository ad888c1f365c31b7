using Stip.Protocol.Completions;

namespace Stip.Client.Transport;

/// <summary>One step: its answer and what it cost.</summary>
/// <param name="Response">The answer; full rows of it are views of the received bytes.</param>
/// <param name="Figures">Bytes and times.</param>
public sealed record CompletionExchange(CompletionResponse Response, ExchangeFigures Figures);
