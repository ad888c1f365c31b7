using System.Text.Json.Nodes;
using Stip.Client;
using Stip.Client.Generation;
using Stip.Client.Sampling;
using Stip.Client.Transport;
using Stip.EndToEnd.Kit;
using Stip.EndToEnd.Tests.Fixtures;
using Stip.Protocol.Errors;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>Models of an encoder and a decoder, from their checkpoint to their words: served = plain.</summary>
public sealed class SequenceTests(SharedServer shared, SequenceModels models)
{
    private const int TokenCount = 16;
    private static readonly int[] Source = [9, 4, 21, 30, 7, 1];
    private static readonly int[] Other = [12, 33, 5, 1];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("t5", "permutation")]
    [InlineData("t5", "none")]
    [InlineData("mbart", "permutation")]
    public async Task Generate_Greedy_IsThePlainModelsText(string recipe, string mode)
    {
        var model = await models.GetAsync(shared.Server, recipe, mode);
        using var plain = new BareSequence(model.Plain);
        using var open = Open(model, mode);

        var expected = plain.Greedy(Source, [0], TokenCount);
        Assert.True(expected.Distinct().Count() > 2, "a text that says nothing");
        Assert.Equal(expected, await open.GreedyAsync(Source, TokenCount, Cancellation));
        Assert.Equal(plain.Greedy(Other, [0], TokenCount), await open.GreedyAsync(Other, TokenCount, Cancellation));
    }

    [Fact]
    public async Task Generate_TwoUsersAtOnce_BothGetTheirOwnText()
    {
        var model = await models.GetAsync(shared.Server, "mbart");
        using var plain = new BareSequence(model.Plain);
        using var one = Open(model, options: new StipHttpClientOptions { Encoding = WireEncoding.Json });
        using var two = Open(model, options: new StipHttpClientOptions { Streams = false });
        using var three = Open(model);

        var all = await Task.WhenAll(
            one.GreedyAsync(Source, TokenCount, Cancellation),
            two.GreedyAsync(Other, TokenCount, Cancellation),
            three.GreedyAsync(Other, TokenCount, Cancellation));

        Assert.Equal(plain.Greedy(Source, [0], TokenCount), all[0]);
        Assert.Equal(plain.Greedy(Other, [0], TokenCount), all[1]);
        Assert.Equal(all[1], all[2]);
    }

    [Fact]
    public async Task Generate_SessionDeletedInTheMiddle_GivesTheSameTokens()
    {
        var model = await models.GetAsync(shared.Server, "mbart");
        using var plain = new BareSequence(model.Plain);
        using var open = Open(model);
        using var http = new HttpClient { BaseAddress = shared.Server.Endpoint };
        http.DefaultRequestHeaders.Authorization = new("Bearer", shared.Server.ApiKey);
        var options = new GenerationOptions { MaxNewTokens = TokenCount, IgnoreEndOfSequence = true };
        var (ids, usage) = (new List<int>(), default(GenerationUsage));
        await foreach (var token in open.Model.GenerateAsync(Source, options, Cancellation))
        {
            ids.Add(token.Id);
            usage = token.Usage;
            if (ids.Count == TokenCount / 2)
            {
                await Sessions.DeleteAllAsync(http, open.Model.Id);
            }
        }

        Assert.Equal(plain.Greedy(Source, [0], TokenCount), ids);
        Assert.Equal(Source.Length, usage!.PromptTokens);
        Assert.True(usage.Replays >= 1);
    }

    // The second is told its language, so that its first step has two rows.
    [Theory]
    [InlineData("t5", null)]
    [InlineData("mbart", 12)]
    public async Task Session_Rewound_GoesOnWithItsSource(string recipe, int? language)
    {
        var model = await models.GetAsync(shared.Server, recipe);
        using var plain = new BareSequence(model.Plain);
        using var open = Open(model);
        var start = open.Model.StartIds(language);
        var expected = plain.Greedy(Source, start, TokenCount);
        await using var session = open.Model.OpenSession(Source.AsMemory());

        await session.AppendAsync(start, cancellationToken: Cancellation);
        await session.AppendAsync(new[] { 30, 31, 32 }, cancellationToken: Cancellation);
        session.Rewind(start.Length);
        var rows = await session.ScoreAsync(expected.AsMemory(0, TokenCount - 1), Cancellation);

        Assert.Equal(expected[1..], rows.Select(row => row.ArgMax()));
    }

    [Fact]
    public async Task Generate_SampledWithASeed_RepeatsItself()
    {
        var model = await models.GetAsync(shared.Server, "t5");
        using var open = Open(model);
        var options = new GenerationOptions
        {
            MaxNewTokens = TokenCount,
            IgnoreEndOfSequence = true,
            Sampling = new SamplingOptions { Temperature = 1.5f, TopP = 0.9f, Seed = 7 },
        };

        var first = await IdsAsync(open.Model, options);

        Assert.Equal(first, await IdsAsync(open.Model, options));
        Assert.NotEqual(first, await open.GreedyAsync(Source, TokenCount, Cancellation));
    }

    [Fact]
    public async Task Generate_WithForcedAndSuppressedTokens_BeginsWithTheOneAndLeavesTheOthersOut()
    {
        var model = await models.GetAsync(shared.Server, "t5");
        using var plain = new BareSequence(model.Plain);
        var greedy = plain.Greedy(Source, [0, 9], 1)[0];
        using var folder = new TemporaryFolder();
        using var free = Open(model);
        using var open = OpenModel.Open(shared.Server, model.CopyClient(folder, "bundle.json", bundle =>
        {
            bundle["sequence"]!["forced_bos_token_id"] = 9;
            bundle["sequence"]!["suppress_tokens"] = new JsonArray(greedy);
        }));

        var ids = await open.GreedyAsync(Source, TokenCount, Cancellation);

        Assert.DoesNotContain(greedy, ids);
        Assert.Equal([0, 9], open.Model.StartIds());
        Assert.Equal(
            plain.Greedy(Source, [0, 12], TokenCount),
            await IdsAsync(free.Model, new GenerationOptions
            {
                MaxNewTokens = TokenCount,
                IgnoreEndOfSequence = true,
                FirstTokenId = 12,
            }));
    }

    // Each of the last tokens of the greedy answer is an end token: the answer ends where it first may.
    [Theory]
    [InlineData(null, 3)]
    [InlineData(6, 5)]
    public async Task Generate_WithALeastLength_DoesNotEndBeforeIt(int? least, int count)
    {
        var model = await models.GetAsync(shared.Server, "t5");
        using var plain = new BareSequence(model.Plain);
        var greedy = plain.Greedy(Source, [0], TokenCount);
        using var folder = new TemporaryFolder();
        using var open = OpenModel.Open(shared.Server, model.CopyClient(folder, "bundle.json", bundle =>
        {
            bundle["sequence"]!["min_length"] = least;
            bundle["eos_token_ids"] = new JsonArray(greedy[2]);
        }));

        var ids = await IdsAsync(open.Model, new GenerationOptions { MaxNewTokens = 5 });

        Assert.Equal(greedy[..2], ids[..2]);
        Assert.Equal(count, ids.Length);
        Assert.Equal(least is null, ids.Contains(greedy[2]));
    }

    [Fact]
    public async Task Gateway_Complete_ReadsTheTextAsTheSource()
    {
        var model = await models.GetAsync(shared.Server, "t5");
        using var plain = new BareSequence(model.Plain);
        using var open = Open(model);
        int[] source = open.Model.Bundle.Tokenizer!.Encode("the words to be told", addSpecialTokens: true);
        string[] connection =
        [
            "--bundle", model.Package, "--endpoint", shared.Server.Endpoint.ToString(),
            "--api-key", shared.Server.ApiKey,
        ];

        var run = await ProgramRun.RunAsync(
            "Stip.Gateway",
            ["complete", .. connection, "--json", "--ignore-eos", "--max-tokens", "8", "the words to be told"],
            cancellationToken: Cancellation);
        var chat = await ProgramRun.RunAsync(
            "Stip.Gateway", ["chat", .. connection, "hello"], cancellationToken: Cancellation);

        Assert.True(run.ExitCode == 0, run.Error);
        var answer = JsonNode.Parse(run.Output)!;
        Assert.Equal(
            plain.Greedy(source, [0], 8), answer["token_ids"]!.AsArray().Select(id => (int)id!));
        Assert.Equal(source.Length, (int)answer["usage"]!["prompt_tokens"]!);
        Assert.Equal((1, ""), (chat.ExitCode, chat.Output));
        Assert.Contains("no chat template", chat.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_OfASourceThatIsTooLong_IsRefused()
    {
        var model = await models.GetAsync(shared.Server, "mbart");
        using var open = Open(model);

        var refusal = await Assert.ThrowsAsync<StipException>(
            () => open.GreedyAsync([.. Enumerable.Repeat(5, 33)], 1, Cancellation));

        Assert.Equal(StipErrorCode.ContextLengthExceeded, refusal.Code);
        Assert.Contains("33 prompt tokens are more than the 32", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => open.Model.OpenSession());
    }

    [Fact]
    public async Task Generate_WithALengthThatWasChosen_ReadsLongerSources()
    {
        var model = await models.GetAsync(shared.Server, "t5");
        using var plain = new BareSequence(model.Plain);
        using var folder = new TemporaryFolder();
        string[] arguments = ["protect", "--model", model.Plain, "--verify", "none", "--name", "t5-longer"];
        await ModelPackages.RunAsync([.. arguments, "--output", folder.At("package"), "--context-length", "64"]);
        await shared.Server.PushAsync(folder.At("package"));
        using var open = OpenModel.Open(shared.Server, folder.At("package"));
        int[] source = [.. Enumerable.Range(0, 50).Select(i => 3 + i * 7 % 30), 1];

        Assert.Equal((64, 64), (open.Model.MostPromptTokens, open.Model.ContextLength));
        Assert.Equal(plain.Greedy(source, [0], 40), await open.GreedyAsync(source, 40, Cancellation));
    }

    [Theory]
    [InlineData("mbart", "64", "whose positions are distances alone")]
    [InlineData("t5", "0", "it must be in 1..1048576")]
    public async Task Protect_WithALengthThatCannotBe_IsRefused(string recipe, string length, string message)
    {
        var model = await models.GetAsync(shared.Server, recipe);
        using var folder = new TemporaryFolder();

        var run = await ProgramRun.RunAsync(
            "onnx-export",
            ["protect", "--model", model.Plain, "--output", folder.At("package"), "--context-length", length],
            cancellationToken: Cancellation);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"--context-length is {length}; ", run.Error, StringComparison.Ordinal);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    private OpenModel Open(SequenceModel model, string mode = "permutation", StipHttpClientOptions? options = null) =>
        OpenModel.Open(
            shared.Server.Endpoint, shared.Server.ApiKey, model.Package, options, allowUnprotected: mode == "none");

    private static async Task<int[]> IdsAsync(StipModel model, GenerationOptions options)
    {
        var ids = new List<int>();
        await foreach (var token in model.GenerateAsync(Source, options, Cancellation))
        {
            ids.Add(token.Id);
        }

        return [.. ids];
    }
}
