namespace Stip.Client.Transport;

/// <summary>Reads answers to their end before the retries see them, so that one that breaks off is asked for
/// again.</summary>
internal sealed class BufferedAnswers : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        try
        {
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }
}
