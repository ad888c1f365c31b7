using System.Text.Json;

namespace Stip.Protocol.Errors;

/// <summary>The string form of <see cref="StipErrorCode"/>, e.g. <c>session_lost</c>.</summary>
public static class StipErrorCodes
{
    private static readonly Dictionary<StipErrorCode, string> Names =
        Enum.GetValues<StipErrorCode>().ToDictionary(
            code => code, code => JsonNamingPolicy.SnakeCaseLower.ConvertName(code.ToString()));

    private static readonly Dictionary<string, StipErrorCode> Codes =
        Names.ToDictionary(pair => pair.Value, pair => pair.Key);

    /// <summary>The code as it stands in <c>error.code</c>.</summary>
    public static string Name(this StipErrorCode code) => Names[code];

    /// <summary>Parses <c>error.code</c>; false where it is not one of ours.</summary>
    public static bool TryParse(string? name, out StipErrorCode code)
    {
        code = default;
        return name is not null && Codes.TryGetValue(name, out code);
    }
}
