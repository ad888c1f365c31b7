using System.Text.Json;

namespace Stip.Client.Templates;

/// <summary>
/// The special tokens that a template may name, as tokenizer_config.json sets them; one that is not set is undefined.
/// </summary>
internal static class SpecialTokens
{
    private static readonly string[] Names =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    public static Dictionary<string, string> Read(JsonElement config)
    {
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in Names)
        {
            if (config.TryGetProperty(name, out var token) && Content(token) is { } content)
            {
                tokens[name] = content;
            }
        }

        return tokens;
    }

    private static string? Content(JsonElement token) => token.ValueKind switch
    {
        JsonValueKind.String => token.GetString(),
        JsonValueKind.Object when token.TryGetProperty("content", out var content) => Content(content),
        _ => null,
    };
}
