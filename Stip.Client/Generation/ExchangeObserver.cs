using Stip.Client.Transport;
using Stip.Protocol.Completions;

namespace Stip.Client.Generation;

/// <summary>Sees a request of a session and its answer.</summary>
internal delegate void ExchangeObserver(
    CompletionRequest request, CompletionExchange exchange, ReadOnlySpan<int> tokenIds);
