using Stip.Client.Tokenization;
using Stip.TestKit;

namespace Stip.Client.Tests.Tokenization;

/// <summary>Where the tokens of a text stand in it.</summary>
public sealed class TokenPlacesTests
{
    // WordPiece without case and accents, and byte-level BPE.
    [Theory]
    [InlineData("stories-bert", "The Fox, Élise & co.", "The|Fox|,|Élise|&|co|.")]
    [InlineData("stories-bert", "  A   CROW\tsaw\n two foxes ", "A|CROW|saw|two|foxes")]
    [InlineData("stories", "The Fox, Élise & co.", "The|Fox|,|Élise|&|co|.")]
    [InlineData("stories", "the 🦊 and the 狐", "the|🦊|and|the|狐")]
    [InlineData("stories-bert", "a 🦊 saw me", "a|🦊|saw|me")]
    public void Of_TextsOfEveryKind_CoversTheirWords(string checkpoint, string text, string words)
    {
        var tokenizer = TextTokenizer.FromFolder(KnownCheckpoints.Folder(checkpoint));
        var ids = tokenizer.Encode(text, addSpecialTokens: true);

        var places = TokenPlaces.Of(tokenizer, text, ids);

        Assert.Equal(ids.Length, places.Count);
        var last = 0;
        var covered = new bool[text.Length];
        foreach (var (start, end) in places.OfType<(int Start, int End)>())
        {
            Assert.True(start < end && end <= text.Length && start >= last);
            last = start;
            Array.Fill(covered, true, start, end - start);
        }

        // No token reaches over a space, and nothing but spaces is left out.
        Assert.Equal(words.Replace("|", "", StringComparison.Ordinal), string.Concat(
            text.Where((character, at) => covered[at] && !char.IsWhiteSpace(character))));
        Assert.All(places.OfType<(int Start, int End)>(), place =>
            Assert.DoesNotContain(' ', text[place.Start..place.End]));
    }

    [Theory]
    [InlineData("a 🦊 saw 狐")]
    [InlineData("🦊 Anna")]
    public void Of_ACharacterOfSeveralTokens_GivesEachItsPlace(string text)
    {
        var tokenizer = TextTokenizer.FromFolder(KnownCheckpoints.Folder("stories"));
        var ids = tokenizer.Encode(text);
        var fox = text.IndexOf('\uD83E', StringComparison.Ordinal);

        var places = TokenPlaces.Of(tokenizer, text, ids);

        Assert.Equal(tokenizer.Encode("a🦊").Length - 1, places.Count(place => place == (fox, fox + 2)));
    }

    [Fact]
    public void Of_AFramedText_GivesTheFrameNoPlace()
    {
        var tokenizer = TextTokenizer.FromFolder(KnownCheckpoints.Folder("stories-bert"));
        const string Text = "A [MASK] saw";
        var ids = tokenizer.Encode(Text, addSpecialTokens: true);

        var places = TokenPlaces.Of(tokenizer, Text, ids);

        Assert.Null(places[0]);
        Assert.Null(places[^1]);
        Assert.Contains((2, 8), places.OfType<(int, int)>());
    }
}
