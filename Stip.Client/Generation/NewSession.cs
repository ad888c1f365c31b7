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
    /// <param name="pool">As <see cref="StipSession.Pool"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<CompletionExchange> SendAsync(
        StipHttpClient client,
        CompletionRequest request,
        SessionPool? pool,
        CancellationToken cancellationToken)
    {
        while (pool?.KeepsAny == true)
        {
            try
            {
                return await client.CompleteAsync(request, waits: false, cancellationToken);
            }
            catch (StipException full) when (full.IsFull)
            {
                if (!full.HasNoRoom)
                {
                    break;
                }

                await pool.ReleaseOldestAsync();
            }
        }

        return await client.CompleteAsync(request, cancellationToken);
    }
}
