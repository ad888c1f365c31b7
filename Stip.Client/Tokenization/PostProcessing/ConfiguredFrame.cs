using System.Text.Json;

namespace Stip.Client.Tokenization.PostProcessing;

/// <summary>
/// The frame that <c>add_bos_token</c> and <c>add_eos_token</c> of tokenizer_config.json ask for. For some classes
/// transformers puts it in the place of the file's own (DeepSeek's files have none, Command R+'s another).
/// </summary>
internal sealed record ConfiguredFrame(string? First, string? Last)
{
    private static readonly string[] Classes =
        ["LlamaTokenizer", "CodeLlamaTokenizer", "GemmaTokenizer", "CohereTokenizer"];

    /// <returns>Null where the settings leave the file's.</returns>
    public static ConfiguredFrame? Read(JsonElement settings)
    {
        var isKnown = settings.Child("tokenizer_class") is { ValueKind: JsonValueKind.String } name
            && Classes.Any(known => name.ValueEquals(known) || name.ValueEquals($"{known}Fast"));
        if (!isKnown || (settings.Child("add_bos_token") is null && settings.Child("add_eos_token") is null))
        {
            return null;
        }

        var (first, last) = (settings.Flag("add_bos_token", true), settings.Flag("add_eos_token", false));
        return new ConfiguredFrame(
            first ? Token(settings.Child("bos_token")) : null, last ? Token(settings.Child("eos_token")) : null);
    }

    /// <summary>The frame in ids; a token that there is not frames nothing.</summary>
    public SpecialTokenFrame Of(Func<string, int?> id)
    {
        var (first, last) = (Ids(First), Ids(Last));
        return new SpecialTokenFrame(first, last)
        {
            Pair =
            [
                .. first.Select(token => PairPart.Token(token, 0)), PairPart.Text(0, 0),
                .. last.Select(token => PairPart.Token(token, 0)),
                .. first.Select(token => PairPart.Token(token, 1)), PairPart.Text(1, 1),
                .. last.Select(token => PairPart.Token(token, 1)),
            ],
        };

        int[] Ids(string? token) => token is not null && id(token) is { } found ? [found] : [];
    }

    private static string? Token(JsonElement? token) => token is not { } value ? null : value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Object => Token(value.Child("content")),
        _ => null,
    };
}
