using System.Net;
using System.Text.Json;
using Stip.Onnx;
using Stip.Protocol;
using Stip.Protocol.Errors;

namespace Stip.Export.Pushing;

/// <summary>What a server says when it refuses: its own message and code, on one line.</summary>
internal static class ServerRefusal
{
    private sealed record Body(ErrorBody? Error);

    public static async Task<RefusedException> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var status = (int)response.StatusCode;
        var text = await response.Content.ReadAsStringAsync(cancellation);
        if (Parse(text) is { } error)
        {
            return new RefusedException($"the server refused: {error.Message} ({error.Code}, HTTP {status})");
        }

        return new RefusedException(response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
            ? $"the server refused the API key (HTTP {status})"
            : $"{response.RequestMessage?.RequestUri} answered HTTP {status}; is it a Stip server?");
    }

    /// <summary>The code of a refusal, null where the answer has none.</summary>
    public static async Task<string?> CodeAsync(HttpResponseMessage response, CancellationToken cancellation) =>
        Parse(await response.Content.ReadAsStringAsync(cancellation))?.Code;

    private static ErrorBody? Parse(string text)
    {
        try
        {
            var error = JsonSerializer.Deserialize<Body>(text, StipJson.Wire)?.Error;
            return error?.Message is null ? null : error;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
