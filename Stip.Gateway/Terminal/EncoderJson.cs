using System.Text.Encodings.Web;
using System.Text.Json;

namespace Stip.Gateway.Terminal;

/// <summary>How <c>--json</c> prints what encoders say: snake_case, and every field there.</summary>
internal static class EncoderJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Write<T>(T answer) => JsonSerializer.Serialize(answer, Options);
}
