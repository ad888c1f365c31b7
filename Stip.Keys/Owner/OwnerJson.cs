using System.Text.Json;
using System.Text.Json.Serialization;

namespace Stip.Keys.Owner;

/// <summary>How owner files are written: snake_case, indented.</summary>
internal static class OwnerJson
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
        WriteIndented = true,
    };
}
