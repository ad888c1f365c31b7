using Stip.TestKit;

namespace Stip.Client.Tests.Tokenization;

/// <summary>
/// Small tokenizers made for these tests, one for each kind of file; the goldens are the reference's answers.
/// </summary>
public sealed class SyntheticTokenizerTests
{
    [Theory]
    [InlineData("byte-level-split")]
    [InlineData("byte-level-prefix")]
    [InlineData("byte-level-pieces")]
    [InlineData("byte-fallback")]
    [InlineData("metaspace")]
    [InlineData("word-suffix")]
    public void Tokenizer_SyntheticFile_MatchesReference(string name)
    {
        var folder = RepositoryRoot.At("tests", "data", "tokenizers", name);
        GoldenComparison.AssertExact(folder, Path.Combine(folder, "golden.json"));
    }
}
