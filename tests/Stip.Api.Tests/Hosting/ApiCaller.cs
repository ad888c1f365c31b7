using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Stip.Protocol;
using Stip.Protocol.Errors;

namespace Stip.Api.Tests.Hosting;

/// <summary>Speaks to the server with one key.</summary>
internal sealed class ApiCaller(HttpClient http, string? key)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, HttpContent? body = null, string? accept = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        if (key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        return await http.SendAsync(request, Cancellation);
    }

    public Task<HttpResponseMessage> PostAsync(string path, object body) =>
        SendAsync(HttpMethod.Post, path, JsonContent.Create(body, body.GetType(), options: StipJson.Wire));

    public async Task<T> PostAsync<T>(string path, object body) => await ReadAsync<T>(await PostAsync(path, body));

    public async Task<T> GetAsync<T>(string path) => await ReadAsync<T>(await SendAsync(HttpMethod.Get, path));

    /// <summary>The answer, which must be a good one.</summary>
    public static async Task<T> ReadAsync<T>(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsByteArrayAsync(Cancellation);
        Assert.True(
            response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {System.Text.Encoding.UTF8.GetString(body)}");
        return JsonSerializer.Deserialize<T>(body, StipJson.Wire)!;
    }

    /// <summary>Checks that the answer is this refusal in the contract's form.</summary>
    public static async Task<ErrorDocument> RefusedAsync(HttpResponseMessage response, int status, string code)
    {
        var body = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}, not {status}: {body}");
        Assert.Equal(ErrorDocument.MediaType, response.Content.Headers.ContentType?.MediaType);
        var document = JsonSerializer.Deserialize<ErrorDocument>(body, StipJson.Wire)!;
        Assert.Equal(code, document.Error.Code);
        Assert.Equal(status, document.Status);
        Assert.NotEmpty(document.Error.Message);
        Assert.NotEmpty(document.Error.Type);
        Assert.StartsWith("req_", Assert.Single(response.Headers.GetValues("x-request-id")), StringComparison.Ordinal);
        return document;
    }
}
