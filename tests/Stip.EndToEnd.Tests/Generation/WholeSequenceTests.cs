using Stip.Client.Bundles;
using Stip.Client.Encoders;
using Stip.Client.Generation;
using Stip.Client.Generation.Beams;
using Stip.Client.Generation.Choices;
using Stip.Client.Sampling;
using Stip.EndToEnd.Kit;
using Stip.EndToEnd.Tests.Fixtures;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>Decoders without a cache say what the plain graph says, and what the same decoder with a cache
/// says.</summary>
public sealed class WholeSequenceTests(SharedServer shared, WholeDecoders decoders)
{
    private const int TokenCount = 12;
    private static readonly int[] Prompt = [3, 14, 15, 32, 5, 35];

    // The likeliest tokens of the same weights under the definition, in PyTorch 1.13.
    private static readonly int[] Golden = [15, 15, 37, 37, 21, 15, 5, 15, 5, 15, 32, 5];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static GenerationOptions Greedy => new() { MaxNewTokens = TokenCount, IgnoreEndOfSequence = true };

    private static GenerationOptions Drawn => Greedy with
    {
        Sampling = new SamplingOptions { Temperature = 1.2f, TopP = 0.95f, RepetitionPenalty = 1.1f, Seed = 11 },
    };

    [Theory]
    [InlineData(WholeDecoders.All)]
    [InlineData(WholeDecoders.Last)]
    [InlineData(WholeDecoders.OneLength)]
    [InlineData(WholeDecoders.TwoTexts)]
    public async Task Generate_Greedy_IsTheGoldenAndThePlainGraphsText(string name)
    {
        using var plain = new BareWholeDecoder(decoders.Plain);
        using var open = await OpenAsync(name);

        var ids = await open.GreedyAsync(Prompt, TokenCount, Cancellation);

        Assert.True(open.Model.ReadsWholeSequences);
        Assert.Equal(plain.Greedy(Prompt, TokenCount), ids);
        Assert.Equal(Golden, ids);
    }

    [Theory]
    [InlineData(WholeDecoders.All)]
    [InlineData(WholeDecoders.Last)]
    public async Task Generate_Drawn_IsTheTextOfTheSameDecoderWithACache(string name)
    {
        using var cached = await OpenAsync(WholeDecoders.Cached);
        using var whole = await OpenAsync(name);
        GenerationOptions[] choices = [Drawn, Drawn.OfChoice(1), Drawn.OfChoice(2)];
        var options = new BeamOptions { Beams = 3, MaxNewTokens = 6, Returned = 2 };

        var expected = await IdsAsync(cached.Model, Drawn);
        Assert.Equal(expected, await IdsAsync(whole.Model, Drawn));
        Assert.Equal(expected, await IdsAsync(whole.Model, Drawn with { Speculates = false }));

        var several = new List<int>[] { [], [], [] };
        await foreach (var (choice, token) in whole.Model.GenerateChoicesAsync(Prompt, choices, Cancellation))
        {
            several[choice].Add(token.Id);
        }

        Assert.Equal(expected, several[0]);
        Assert.Equal(await IdsAsync(cached.Model, choices[2]), several[2]);
        Assert.Equal(
            (await cached.Model.SearchAsync(Prompt, options, null, Cancellation)).Answers.Select(one => one.TokenIds),
            (await whole.Model.SearchAsync(Prompt, options, null, Cancellation)).Answers.Select(one => one.TokenIds));
    }

    [Theory]
    [InlineData(WholeDecoders.All, 1)]
    [InlineData(WholeDecoders.Last, 3)] // a pass for each row
    public async Task Session_ThatScoresAndGoesBack_HasThePlainGraphsLogits(string name, int rounds)
    {
        using var plain = new BareWholeDecoder(decoders.Plain);
        using var open = await OpenAsync(name);
        await using var session = open.Model.OpenSession();

        var rows = await session.ScoreAsync(Prompt.AsMemory(..3), Cancellation);
        Assert.Equal(rounds, session.Usage.Rounds);
        await using var fork = await session.ForkAsync(Cancellation);
        session.Rewind(1);
        var back = await session.AppendAsync(new[] { 9, 8 }, cancellationToken: Cancellation);
        var forked = await fork.AppendAsync(Prompt.AsMemory(3..), cancellationToken: Cancellation);

        // float32 sums of 12 and 16 terms in another order.
        Assert.Equal(3, rows.Count);
        AssertClose(plain.Logits(Prompt[..2]), rows[1].Values.Span);
        AssertClose(plain.Logits(Prompt[..3]), rows[2].Values.Span);
        AssertClose(plain.Logits([Prompt[0], 9, 8]), back.Values.Span);
        AssertClose(plain.Logits(Prompt), forked.Values.Span);
    }

    [Fact]
    public async Task Observer_SeesAllRowsOfEachPass()
    {
        using var open = await OpenAsync(WholeDecoders.All);
        var steps = new List<SentStep>();

        await IdsAsync(open.Model, Greedy with { MaxNewTokens = 3, Observer = steps.Add, Speculates = false });

        Assert.Equal([6, 7, 8], steps.Select(step => step.TokenIds.Length));
        Assert.All(steps, step => Assert.Equal((0, step.TokenIds.Length * open.Model.Bundle.RowBytes),
            (step.FirstPosition, step.Rows.Length)));
        Assert.Equal(3, steps[^1].SoFar.Rounds);
    }

    [Fact]
    public async Task Generate_ToTheEndOfTheContext_EndsThere()
    {
        using var open = await OpenAsync(WholeDecoders.All);
        await using var session = open.Model.OpenSession(maxLength: 9);
        var last = default(GeneratedToken);
        await foreach (var token in session.GenerateAsync(
            Prompt, Greedy with { MaxNewTokens = null }, Cancellation))
        {
            last = token;
        }

        Assert.Equal((FinishReason.Length, 4), (last!.FinishReason, last.Usage!.CompletionTokens));
    }

    [Fact]
    public async Task Encoder_OfADecoderWithoutACache_IsRefused()
    {
        using var open = await OpenAsync(WholeDecoders.All);

        var fault = Assert.Throws<BundleException>(() => new StipEncoder(open.Model.Bundle, open.Model.Client));

        Assert.Contains("which generates text; chat and complete are for it", fault.Message, StringComparison.Ordinal);
    }

    private async Task<OpenModel> OpenAsync(string name) =>
        OpenModel.Open(shared.Server, await decoders.PushedAsync(shared, name));

    private static async Task<List<int>> IdsAsync(StipModel model, GenerationOptions options)
    {
        var ids = new List<int>();
        await foreach (var token in model.GenerateAsync(Prompt, options, Cancellation))
        {
            ids.Add(token.Id);
        }

        return ids;
    }

    private static void AssertClose(float[] expected, ReadOnlySpan<float> given)
    {
        Assert.Equal(expected.Length, given.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], given[i], 1e-4f);
        }
    }
}
