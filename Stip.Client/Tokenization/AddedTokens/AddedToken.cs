using System.Text.Json;

namespace Stip.Client.Tokenization.AddedTokens;

/// <summary>A token that is found in the text as it stands, before the model sees what is left.</summary>
internal sealed record AddedToken(
    int Id, string Content, bool IsSpecial, bool SingleWord, bool StripsLeft, bool StripsRight, bool IsNormalized)
{
    public static AddedToken Read(JsonElement token, int id)
    {
        var special = token.Flag("special", false);
        return new AddedToken(
            id,
            token.Text("content"),
            special,
            token.Flag("single_word", false),
            token.Flag("lstrip", false),
            token.Flag("rstrip", false),
            token.Flag("normalized", !special));
    }
}
