using System.Net.Http.Headers;
using System.Net.Http.Json;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Faults;

/// <summary>Speaks to a server process without the typed client, which would mend what is to be seen.</summary>
internal static class RawServer
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static HttpClient Http(this ApiProcess server, string? key = null) => new()
    {
        BaseAddress = server.Endpoint,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key ?? server.ApiKey) },
    };

    /// <summary>A step of rows of zeros and a one.</summary>
    public static CompletionRequest Rows(int count, LogitsRequest logits, int hiddenSize = 256)
    {
        var rows = new byte[count * hiddenSize * sizeof(float)];
        for (var row = 0; row < count; row++)
        {
            BitConverter.TryWriteBytes(rows.AsSpan((row * hiddenSize + row % hiddenSize) * sizeof(float)), 1f);
        }

        return new CompletionRequest(
            "stories", new TensorPayload("float32", [count, hiddenSize], rows), Logits: logits, Keep: false);
    }

    public static Task<HttpResponseMessage> StepAsync(this HttpClient http, CompletionRequest step) => http.PostAsync(
        new Uri(StipRoutes.Completions, UriKind.Relative), JsonContent.Create(step, options: StipJson.Wire),
        Cancellation);

    public static async Task<ApiKeyObject> CreateKeyAsync(this HttpClient admin, ApiKeyLimits? limits = null)
    {
        using var answer = await admin.PostAsync(
            new Uri(StipRoutes.ApiKeys, UriKind.Relative),
            JsonContent.Create(
                new ApiKeyCreateRequest("user", [ApiKeyScopes.Infer], Limits: limits), options: StipJson.Wire),
            Cancellation);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<ApiKeyObject>(StipJson.Wire, Cancellation))!;
    }
}
