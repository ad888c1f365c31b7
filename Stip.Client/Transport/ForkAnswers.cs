using System.Text.Json;
using Stip.Protocol;
using Stip.Protocol.Sessions;

namespace Stip.Client.Transport;

/// <summary>Hears the answer to a fork even where nobody waits for it any more, and deletes the session that was made
/// for nobody: nobody else knows its id, and it would hold its cache until its lease ends.</summary>
/// <remarks>Below the retries: whoever gives up while they wait waits no longer.</remarks>
/// <param name="time">The clock.</param>
internal sealed class ForkAnswers(TimeProvider time) : DelegatingHandler
{
    private const string Route = "/fork";
    private static readonly TimeSpan LongestGoodbye = TimeSpan.FromSeconds(5);

    /// <summary>Set where the caller would rather wait for room than do without.</summary>
    public static readonly HttpRequestOptionsKey<bool> Waits = new("stip.fork.waits");

    public static bool IsFork(HttpRequestMessage request) => request.Method == HttpMethod.Post
        && request.RequestUri?.OriginalString.EndsWith(Route, StringComparison.Ordinal) == true;

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!IsFork(request))
        {
            return await base.SendAsync(request, cancellationToken);
        }

        using var patience = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        var answer = base.SendAsync(request, patience.Token);
        try
        {
            return await answer.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            patience.CancelAfter(LongestGoodbye);
            await DeleteAsync(request, answer, patience.Token);
            throw;
        }
    }

    private async Task DeleteAsync(
        HttpRequestMessage request, Task<HttpResponseMessage> answer, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await answer;
            if (!response.IsSuccessStatusCode
                || JsonSerializer.Deserialize<SessionObject>(
                    await response.Content.ReadAsByteArrayAsync(cancellationToken),
                    StipJson.Wire) is not { Id.Length: > 0 } made)
            {
                return;
            }

            var sessions = request.RequestUri!.OriginalString[..^Route.Length];
            var address = $"{sessions[..sessions.LastIndexOf('/')]}/{Uri.EscapeDataString(made.Id)}";
            using var delete = new HttpRequestMessage(HttpMethod.Delete, address)
            {
                Version = request.Version,
                VersionPolicy = request.VersionPolicy,
            };
            delete.Headers.Authorization = request.Headers.Authorization;
            (await base.SendAsync(delete, cancellationToken)).Dispose();
        }
        catch (Exception)
        {
            // The lease ends it; the caller hears of its own end, not of this.
        }
    }
}
