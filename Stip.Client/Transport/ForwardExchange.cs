using Stip.Protocol.Forward;

namespace Stip.Client.Transport;

/// <summary>One pass: its answer and what it cost.</summary>
/// <param name="Response">The answer.</param>
/// <param name="Figures">Bytes and times.</param>
public sealed record ForwardExchange(ForwardResponse Response, ExchangeFigures Figures);
