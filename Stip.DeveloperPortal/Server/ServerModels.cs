using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Stip.DeveloperPortal.Hosting;
using Stip.Protocol;
using Stip.Protocol.Models;

namespace Stip.DeveloperPortal.Server;

/// <summary>Asks a Stip.Api server what it hosts.</summary>
internal sealed class ServerModels(HttpClient http, IOptions<PortalOptions> options)
{
    public Uri? Endpoint => string.IsNullOrWhiteSpace(options.Value.Endpoint) ? null : new Uri(options.Value.Endpoint);

    // Behind a path of a proxy, with or without the trailing /v1, as clients take it.
    private static Uri Address(Uri endpoint)
    {
        var path = endpoint.AbsolutePath.TrimEnd('/');
        var prefix = path.EndsWith("/v1", StringComparison.Ordinal) ? path[..^"/v1".Length] : path;
        return new UriBuilder(endpoint) { Path = prefix + StipRoutes.Models, Query = "", Fragment = "" }.Uri;
    }

    /// <summary>The models, or one line that says why there are none to show.</summary>
    public async Task<(IReadOnlyList<ModelObject> Models, string? Fault)> ListAsync(CancellationToken cancellationToken)
    {
        if (Endpoint is null)
        {
            return ([], "no server is configured (Stip:Portal:Endpoint)");
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, Address(Endpoint));
        if (options.Value.ApiKey is { Length: > 0 } key)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                return ([], $"the server answered HTTP {(int)response.StatusCode}");
            }

            var list = await response.Content
                .ReadFromJsonAsync<ListObject<ModelObject>>(StipJson.Wire, cancellationToken);
            return ([.. (list?.Data ?? []).Where(model => model is not null)], null);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or TaskCanceledException
            or NotSupportedException or InvalidOperationException)
        {
            return ([], $"the server at {Endpoint} could not be asked: {e.GetType().Name}");
        }
    }
}
