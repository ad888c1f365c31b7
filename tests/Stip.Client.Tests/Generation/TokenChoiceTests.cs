using Stip.Client.Generation;
using Stip.Client.Sampling;
using Stip.Keys.Bundles;

namespace Stip.Client.Tests.Generation;

/// <summary>How many logits a choice asks for.</summary>
public sealed class TokenChoiceTests
{
    private const int VocabSize = 1000;

    // Eight for a plain greedy choice, and one more for each token that is ruled out.
    [Theory]
    [InlineData(0, 0f, 8)]
    [InlineData(1, 0f, 9)]
    [InlineData(100, 0f, 64)]
    [InlineData(1, 1f, 64)]
    public void Needs_WithSuppressedTokens_AreAFewMore(int suppressed, float temperature, int topK)
    {
        var choice = new TokenChoice(
            new GenerationOptions { Sampling = new SamplingOptions { Temperature = temperature } },
            [0],
            VocabSize,
            constraint: null,
            new SequenceManifest(8, 0)
            {
                SuppressTokens = suppressed > 0 ? [.. Enumerable.Range(1, suppressed)] : null,
            },
            endIds: [1]);

        Assert.Equal(topK, choice.Needs.TopK);
    }
}
