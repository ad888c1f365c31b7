using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Stip.Protocol;

/// <summary>How every JSON document of the protocol is written: snake_case names, nulls left out.</summary>
public static class StipJson
{
    /// <summary>Compact form, for the wire.</summary>
    public static JsonSerializerOptions Wire { get; } = Create(indented: false);

    /// <summary>Indented form, for files that people open.</summary>
    public static JsonSerializerOptions File { get; } = Create(indented: true);

    private static JsonSerializerOptions Create(bool indented)
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            // Documents are not embedded in HTML; quotes and signs stay readable.
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            NumberHandling = JsonNumberHandling.Strict,
            MaxDepth = 32,
            WriteIndented = indented,
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
