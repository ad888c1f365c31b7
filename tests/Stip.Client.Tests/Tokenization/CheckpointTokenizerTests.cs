using Stip.TestKit;

namespace Stip.Client.Tests.Tokenization;

public sealed class CheckpointTokenizerTests
{
    [Theory]
    [InlineData("samples/models/stories")]
    [InlineData("tests/data/checkpoints/stories-bert")]
    public void Tokenizer_OwnCheckpoint_MatchesGolden(string folder)
    {
        var path = RepositoryRoot.At(folder);
        GoldenComparison.AssertExact(path, Path.Combine(path, "tokenizer_golden.json"));
    }
}
