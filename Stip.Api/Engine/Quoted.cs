namespace Stip.Api.Engine;

/// <summary>What a caller wrote, in a refusal or a log: not all of it where it is long.</summary>
internal static class Quoted
{
    private const int Longest = 64;

    public static string Text(string? text) => text is { Length: > Longest } ? text[..Longest] + "…" : text ?? "";
}
