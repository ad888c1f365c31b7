using Stip.Client.Tokenization.AddedTokens;
using Stip.Client.Tokenization.Languages;

namespace Stip.Client.Tests.Tokenization.Languages;

/// <summary>Which special tokens name languages.</summary>
public sealed class LanguageTokensTests
{
    [Theory]
    [InlineData("en_XX", "en_XX")]
    [InlineData("eng_Latn", "eng_Latn")]
    [InlineData("__ceb__", "ceb")]
    [InlineData(">>pt_br<<", "pt_br")]
    public void Codes_OfATranslator_AreItsLanguages(string token, string code)
    {
        var languages = Read("<pad>", "</s>", token);

        Assert.Equal([code], languages.Codes);
        Assert.Equal((2, 2, null), (languages.Id(code), languages.Id(token), languages.Id("xx")));
        Assert.True(languages.Contains(2));
        Assert.False(languages.Contains(1));
    }

    // Phi-3's <|end|> has the form of Whisper's languages.
    [Fact]
    public void Codes_OfWhisper_AreThoseOfNoOtherModel()
    {
        Assert.Equal(["en", "haw"], Read("<|startoftranscript|>", "<|en|>", "<|haw|>", "<|transcribe|>").Codes);
        Assert.Empty(Read("<|user|>", "<|end|>", "<|im|>").Codes);
    }

    [Fact]
    public void Codes_OfTokensThatAreNotSpecial_AreNone() =>
        Assert.Empty(new LanguageTokens([Token(0, "en_XX", isSpecial: false)]).Codes);

    private static LanguageTokens Read(params string[] tokens) =>
        new(tokens.Select((token, id) => Token(id, token, isSpecial: true)));

    private static AddedToken Token(int id, string content, bool isSpecial) =>
        new(id, content, isSpecial, SingleWord: false, StripsLeft: false, StripsRight: false, IsNormalized: false);
}
