using Stip.Client.Transport;
using Stip.Protocol.Completions;

namespace Stip.Client.Generation;

/// <summary>The step that opens a session.</summary>
internal static class NewSession
{
    /// <summary>Sends it. Where the server has no room, others are given up first, and then room is waited for.
    /// </summary>
    /// <param name="client">The way to the server.</param>
    /// <param name="request">The step.</param>
    /// <param name="makeRoom">As <see cref="StipSession.MakeRoom"/>; null where there is nothing to give up.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<CompletionExchange> SendAsync(
        StipHttpClient client,
        CompletionRequest request,
        Func<ValueTask<bool>>? makeRoom,
        CancellationToken cancellationToken)
    {
        while (makeRoom is not null)
        {
            try
            {
                return await client.CompleteAsync(request, waits: false, cancellationToken);
            }
            catch (StipException full) when (full.IsFull)
            {
                if (!full.HasNoRoom || !await makeRoom())
                {
                    break;
                }
            }
        }

        return await client.CompleteAsync(request, cancellationToken);
    }
}
