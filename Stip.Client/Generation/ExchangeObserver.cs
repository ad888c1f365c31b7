using Stip.Client.Transport;

namespace Stip.Client.Generation;

/// <summary>Sees a request of a session and its answer.</summary>
/// <param name="firstPosition">Place of the first row that was sent.</param>
/// <param name="rows">The rows.</param>
/// <param name="serverIndices">The last row's largest logits by the server's numbering; empty where whole rows came.
/// </param>
/// <param name="figures">Bytes and times.</param>
/// <param name="tokenIds">The tokens whose rows they are.</param>
internal delegate void ExchangeObserver(
    int firstPosition,
    ReadOnlyMemory<byte> rows,
    IReadOnlyList<int> serverIndices,
    ExchangeFigures figures,
    ReadOnlySpan<int> tokenIds);
