using Stip.Client.Generation;
using Stip.Client.Speculation;
using Stip.EndToEnd.Kit;
using Stip.EndToEnd.Tests.Fixtures;
using Stip.TestKit;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>Every decoder at hand says the same with guesses and without, token for token.</summary>
public sealed class SpeculationEqualityTests(SharedServer shared, ITestOutputHelper output)
{
    private const int Tokens = 40; // the smallest of the models has 64 positions

    /// <summary>Those of the repository; with STIP_FIXTURES those of that folder as well.</summary>
    public static TheoryData<string> Decoders() =>
        [.. KnownCheckpoints.Folders, .. FetchedFixtures.Folder is null ? [] : KnownCheckpoints.GgufFiles];

    [Theory]
    [MemberData(nameof(Decoders))]
    public async Task GenerateAsync_EveryDecoder_GivesTheSameTokensWithGuesses(string checkpoint)
    {
        using var open = await shared.OpenAsync(checkpoint);
        using var client = FarServer.Connect(shared.Server);
        // A model is a draft of itself that is nearly always right: steps of many rows.
        using var draft = await DraftAsync(checkpoint);
        var prompt = Prompt(open.Model.Bundle.Permutation.VocabSize);

        var alone = await RunAsync(open.Model, prompt, speculates: false);
        var copied = await RunAsync(new StipModel(open.Model.Bundle, client), prompt, speculates: true);
        var drafted = await RunAsync(
            new StipModel(open.Model.Bundle, client) { Draft = draft }, prompt, speculates: true);

        output.WriteLine(
            $"{checkpoint}: {copied.Guesses} copied and {drafted.Guesses} drafted guesses, "
            + $"{copied.Rounds} and {drafted.Rounds} rounds for {Tokens} tokens");
        Assert.Equal((Tokens, 0), (alone.Rounds, alone.Guesses));
        Assert.Equal(alone.Ids, copied.Ids);
        Assert.Equal(alone.Ids, drafted.Ids);
        Assert.True(copied.Guesses > 0, "nothing was copied");
        Assert.True(draft is null || drafted.Rounds < Tokens / 2, $"{drafted.Rounds} rounds");
    }

    private static async Task<DraftModel?> DraftAsync(string checkpoint)
    {
        try
        {
            return DraftModel.Open(await ModelPackages.ExportAsync(checkpoint));
        }
        catch (Client.Bundles.BundleException)
        {
            return null; // exported as float16: a draft is float32
        }
    }

    /// <summary>A few tokens over and over, so that there is something to copy.</summary>
    private static int[] Prompt(int vocabSize) =>
        [.. Enumerable.Range(0, 24).Select(place => (11 + (place % 6 * 37)) % vocabSize)];

    private static async Task<(List<int> Ids, int Rounds, int Guesses)> RunAsync(
        StipModel model, int[] prompt, bool speculates)
    {
        var (ids, rows) = (new List<int>(), new List<int>());
        var options = new GenerationOptions
        {
            MaxNewTokens = Tokens,
            IgnoreEndOfSequence = true,
            Speculates = speculates,
            Observer = step => rows.Add(step.TokenIds.Length),
        };
        await foreach (var token in model.GenerateAsync(prompt, options, TestContext.Current.CancellationToken))
        {
            ids.Add(token.Id);
        }

        return (ids, rows.Count, rows.Skip(1).Sum(count => count - 1));
    }
}
