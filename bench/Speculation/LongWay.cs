namespace Stip.Bench.Speculation;

/// <summary>Adds latency to every request.</summary>
internal sealed class LongWay(TimeSpan roundTrip) : DelegatingHandler(new SocketsHttpHandler())
{
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (roundTrip > TimeSpan.Zero)
        {
            await Task.Delay(roundTrip, cancellationToken);
        }

        return await base.SendAsync(request, cancellationToken);
    }
}
