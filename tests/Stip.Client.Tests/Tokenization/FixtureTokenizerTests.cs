using Stip.TestKit;

namespace Stip.Client.Tests.Tokenization;

/// <summary>
/// Run by hand: the folder that STIP_FIXTURES names holds tokenizers that may not be copied into this repository.
/// </summary>
public sealed class FixtureTokenizerTests
{
    [Theory]
    [InlineData("tokenizers/gpt2", "golden.json")]
    [InlineData("tokenizers/bert-base-uncased", "golden.json")]
    [InlineData("tokenizers/qwen3", "golden.json")]
    [InlineData("tokenizers/phi3", "golden.json")]
    [InlineData("checkpoints/stories260k", "tokenizer_golden.json")]
    [InlineData("checkpoints/stories", "tokenizer_golden.json")]
    [InlineData("checkpoints/stories-bert", "tokenizer_golden.json")]
    public void Tokenizer_FetchedFixture_MatchesGolden(string folder, string golden)
    {
        var fixtures = FetchedFixtures.Folder;
        Assert.SkipWhen(fixtures is null, FetchedFixtures.Missing);
        var path = Path.Combine(fixtures!, folder);
        GoldenComparison.AssertExact(path, Path.Combine(path, golden));
    }
}
