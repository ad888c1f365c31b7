using System.Text.Json;
using Stip.Protocol;
using Stip.Protocol.Errors;

namespace Stip.Client.Transport;

/// <summary>Turns an answer that is not a success into one line.</summary>
internal static class Refusal
{
    private const string RequestIdHeader = "x-request-id";
    private const int LongestBody = 1 << 20;

    public static async Task<StipException> ReadAsync(
        HttpResponseMessage response, TimeProvider time, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var error = await ReadErrorAsync(response.Content, cancellationToken);
        var code = StipErrorCodes.TryParse(error?.Code, out var known) ? known : (StipErrorCode?)null;
        var address = response.RequestMessage?.RequestUri?.GetLeftPart(UriPartial.Path) ?? "the server";
        var message = error?.Message is { Length: > 0 } said
            ? $"{code?.Name() ?? error.Code ?? $"HTTP {status}"}: {said}"
            : $"{address} answered HTTP {status} without a reason";
        return new StipException(message.ReplaceLineEndings(" "), code)
        {
            Status = status,
            Param = error?.Param,
            RetryAfter = RetryPatience.Told(response, time.GetUtcNow()),
            RequestId = response.Headers.TryGetValues(RequestIdHeader, out var ids) ? ids.FirstOrDefault() : null,
        };
    }

    private static async Task<ErrorBody?> ReadErrorAsync(HttpContent content, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.OrdinalIgnoreCase) != true
            || content.Headers.ContentLength > LongestBody)
        {
            return null;
        }

        try
        {
            var body = await content.ReadAsByteArrayAsync(cancellationToken);
            if (!JsonText.IsUnicode(body))
            {
                return null;
            }

            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("error", out var error)
                ? error.Deserialize<ErrorBody>(StipJson.Wire)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
