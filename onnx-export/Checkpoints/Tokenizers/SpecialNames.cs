using System.Text.Json;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>The tokens that a folder names as special ones: <c>eos_token</c> and its kin, and lists of
/// others.</summary>
internal static class SpecialNames
{
    private const string Ending = "_token";

    private static readonly string[] Lists = ["additional_special_tokens", "extra_special_tokens"];

    /// <param name="files">Those of the folder.</param>
    /// <param name="names">Which of them may name tokens.</param>
    public static IReadOnlySet<string> Read(ISmallFiles files, params IEnumerable<string> names) => names
        .Select(name => (Name: name, Bytes: files.Find(name)))
        .Where(file => file.Bytes is not null)
        .SelectMany(file => JsonObjects.Read(file.Name, file.Bytes!).EnumerateObject())
        .SelectMany(field => Lists.Contains(field.Name) ? Listed(field.Value)
            : field.Name.EndsWith(Ending, StringComparison.Ordinal) ? [field.Value]
            : [])
        .Select(Text).OfType<string>().ToHashSet(StringComparer.Ordinal);

    private static IEnumerable<JsonElement> Listed(JsonElement tokens) => tokens.ValueKind switch
    {
        JsonValueKind.Array => tokens.EnumerateArray(),
        JsonValueKind.Object => tokens.EnumerateObject().Select(token => token.Value),
        _ => [],
    };

    private static string? Text(JsonElement token) => token.ValueKind switch
    {
        JsonValueKind.String => token.GetString(),
        JsonValueKind.Object when token.TryGetProperty("content", out var text) => Text(text),
        _ => null,
    };
}
