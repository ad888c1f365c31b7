using Stip.Client.Tokenization;
using Stip.TestKit;

namespace Stip.Client.Tests.Tokenization;

public sealed class TextTokenizerTests
{
    private static readonly TextTokenizer Stories =
        TextTokenizer.FromFolder(RepositoryRoot.At("samples", "models", "stories"));

    [Fact]
    public void Encode_SpecialTokenInText_CountsAsSuch()
    {
        Assert.Equal([1, .. Stories.Encode("Hi"), 4], Stories.Encode("<|user|>Hi<|end|>"));
    }

    [Fact]
    public void VocabularySize_Stories_IsGreatestIdPlusOne()
    {
        Assert.Equal(2048, Stories.VocabularySize);
        Assert.NotNull(Stories.TokenText(2047));
        Assert.Null(Stories.TokenText(2048));
        Assert.Null(Stories.TokenText(-1));
    }

    [Fact]
    public void Encode_LoneSurrogate_IsReplacementCharacter()
    {
        Assert.Equal(Stories.Encode("a\uFFFDb"), Stories.Encode("a\uD83Eb"));
    }

    [Fact]
    public void Decode_UnknownIds_AddNothing()
    {
        Assert.Equal("Hi", Stories.Decode([99_999, .. Stories.Encode("Hi"), -7]));
    }

    [Fact]
    public void Stream_AnyText_ConcatenatesToItself()
    {
        const string Text = "Ein Fuchs 🦊 sah 你好 e\u0301 … \0 ende";
        var stream = Stories.CreateStream();
        var fragments = Stories.Encode(Text).Select(stream.Append).ToArray();
        Assert.Equal(Text, string.Concat(fragments) + stream.Flush());
        Assert.DoesNotContain(fragments, fragment => fragment.Contains('\uFFFD'));
    }

    [Fact]
    public void Flush_HalfCharacter_GivesReplacementCharacter()
    {
        var stream = Stories.CreateStream();
        var ids = Stories.Encode("🦊");
        Assert.Empty(string.Concat(ids[..^1].Select(stream.Append)));
        Assert.Equal("\uFFFD", stream.Flush());
    }

    [Fact]
    public void Stream_SpecialTokensThatAreKept_StayInTheText()
    {
        var stream = Stories.CreateStream(new HashSet<string> { "<|end|>" });

        var text = string.Concat(Stories.Encode("a<|end|>b<|user|>c").Select(stream.Append)) + stream.Flush();

        Assert.Equal("a<|end|>bc", text);
    }

    [Fact]
    public void Stream_SkippingSpecialTokens_HidesThem()
    {
        var ids = Stories.Encode("a<|end|>b");
        Assert.Equal("ab", Stories.Decode(ids));
        Assert.Equal("a<|end|>b", Stories.Decode(ids, skipSpecialTokens: false));
    }

    [Fact]
    public void Encode_SeveralThreads_GiveTheSame()
    {
        var text = new string('a', 500) + string.Concat(Enumerable.Repeat(" the fox and the crow", 50));
        var wanted = Stories.Encode(text);
        var all = Enumerable.Range(0, 32).AsParallel().Select(_ => Stories.Encode(text)).ToArray();
        Assert.All(all, ids => Assert.Equal(wanted, ids));
    }
}
