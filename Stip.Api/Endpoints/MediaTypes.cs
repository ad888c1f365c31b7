using System.Net.Http.Headers;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine;
using Stip.Protocol;
using Stip.Protocol.Errors;

namespace Stip.Api.Endpoints;

/// <summary>The two forms of bodies.</summary>
internal static class MediaTypes
{
    public const string Json = "application/json";

    /// <summary>Of answers.</summary>
    public const string JsonInUtf8 = "application/json; charset=utf-8";

    public static bool IsSafetensors(string? contentType) => Is(contentType, StipRoutes.SafetensorsMediaType);

    public static bool IsJson(string? contentType) => Is(contentType, Json);

    /// <summary>The refusal of a body of neither form, or of none that its sender names; null for those that are read.
    /// </summary>
    public static ErrorAnswer? Refused(HttpRequest request) =>
        IsSafetensors(request.ContentType) || IsJson(request.ContentType)
            ? null
            : new ErrorAnswer(
                new Refusal(
                    StipErrorCode.InvalidRequest,
                    $"content type is neither {Json} nor {StipRoutes.SafetensorsMediaType}", "Content-Type"),
                StatusCodes.Status415UnsupportedMediaType);

    /// <summary>What the caller accepts; without a preference the form that it sent.</summary>
    public static bool WantsSafetensors(HttpRequest request)
    {
        var accept = request.Headers.Accept.ToString();
        if (accept.Contains("q=", StringComparison.OrdinalIgnoreCase))
        {
            var given = request.GetTypedHeaders().Accept;
            var (binary, text) = (Quality(given, StipRoutes.SafetensorsMediaType), Quality(given, Json));
            if (binary != text)
            {
                return binary > text;
            }
        }

        var safetensors = accept.IndexOf(StipRoutes.SafetensorsMediaType, StringComparison.OrdinalIgnoreCase);
        var json = accept.IndexOf(Json, StringComparison.OrdinalIgnoreCase);
        return safetensors == json
            ? IsSafetensors(request.ContentType)
            : safetensors >= 0 && (json < 0 || safetensors < json);
    }

    private static double Quality(
        IList<Microsoft.Net.Http.Headers.MediaTypeHeaderValue> accepted, string mediaType) => accepted
        .Where(type => type.MediaType.Equals(mediaType, StringComparison.OrdinalIgnoreCase))
        .Select(type => type.Quality ?? 1)
        .DefaultIfEmpty()
        .Max();

    private static bool Is(string? contentType, string wanted) =>
        contentType is not null && (contentType.Equals(wanted, StringComparison.OrdinalIgnoreCase)
            || (MediaTypeHeaderValue.TryParse(contentType, out var parsed)
                && string.Equals(parsed.MediaType, wanted, StringComparison.OrdinalIgnoreCase)));
}
