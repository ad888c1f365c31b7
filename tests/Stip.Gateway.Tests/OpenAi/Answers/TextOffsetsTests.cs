using Stip.Client.Tokenization;
using Stip.Gateway.OpenAi.Answers;
using Stip.TestKit;

namespace Stip.Gateway.Tests.OpenAi.Answers;

public sealed class TextOffsetsTests
{
    private const int Pad = 0;
    private const int End = 1;

    [Fact]
    public void Next_OfTokensThatAreNoText_CountsTheTextThatIsReturned()
    {
        var tokenizer = TextTokenizer.FromFolder(RepositoryRoot.At("tests", "data", "sequences"));
        var words = tokenizer.Encode("a word");
        int[] ids = [Pad, .. words[..1], End, Pad, .. words[1..], End];
        var text = tokenizer.Decode(ids);
        var offsets = new TextOffsets(tokenizer);

        var seen = ids.Select(offsets.Next).ToArray();

        Assert.Equal("a word", text);
        Assert.Equal(0, seen[0]);
        Assert.Equal(seen[2], seen[4]);
        Assert.Equal(text.Length, seen[^1]);
        for (var i = 0; i < ids.Length; i++)
        {
            Assert.Equal(tokenizer.Decode(ids[..i]), text[..seen[i]]);
        }
    }

    [Fact]
    public void Next_WithoutATokenizer_StaysAtTheStart() => Assert.Equal(0, new TextOffsets(null).Next(7));
}
