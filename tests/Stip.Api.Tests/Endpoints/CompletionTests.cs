using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Endpoints;

public sealed class CompletionTests(TinyServer tiny) : IClassFixture<TinyServer>
{
    private static readonly LogitsRequest All = new(Rows: LogitsRequest.All);

    private ApiCaller Caller => tiny.Server.Caller();

    [Fact]
    public async Task Prefill_ThenRowByRow_GivesTheLogitsOfOnePass()
    {
        var whole = await Caller.StepAsync(Steps.Prefill(seed: 1, count: 9, All));
        var step = await Caller.StepAsync(Steps.Prefill(1, 4));
        Assert.Equal(4, step.Position);
        Assert.True(Steps.Difference(whole.Row(3), step.Row()) < 1e-5);
        for (var position = 4; position < 9; position++)
        {
            step = await Caller.StepAsync(Steps.Next(step, 1));
            Assert.Equal(position + 1, step.Position);
            Assert.Equal(new CompletionUsage(1, position, position + 1), step.Usage);
            Assert.True(Steps.Difference(whole.Row(position), step.Row()) < 1e-5);
        }
    }

    [Fact]
    public async Task SeveralRows_OnTopOfACache_GiveTheLogitsOfOnePass()
    {
        var whole = await Caller.StepAsync(Steps.Prefill(2, 12, All));
        var start = await Caller.StepAsync(Steps.Prefill(2, 5));
        var rest = await Caller.StepAsync(Steps.Next(start, 2, 7, All));
        Assert.Equal(7, rest.Choices.Count);
        Assert.All(Enumerable.Range(0, 7), i => Assert.True(Steps.Difference(whole.Row(5 + i), rest.Row(i)) < 1e-5));
        Assert.Equal(Enumerable.Range(0, 7), rest.Choices.Select(choice => choice.Index));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(5)]
    public async Task Safetensors_OfTheSameStep_EqualsJson(int? topK)
    {
        var logits = new LogitsRequest(topK, LogitsRequest.All, 0.5);
        var json = await Caller.StepAsync(Steps.Prefill(3, 6, logits));
        var binary = await Caller.StepAsSafetensorsAsync(Steps.Prefill(3, 6, logits));
        Assert.Equal((json.Position, json.Usage, json.Model), (binary.Position, binary.Usage, binary.Model));
        foreach (var (one, other) in json.Choices.Zip(binary.Choices))
        {
            Assert.Equal((one.Index, one.FinishReason), (other.Index, other.FinishReason));
            Assert.Equal(one.Logits.Dtype, other.Logits.Dtype);
            Assert.Equal(one.Logits.Shape, other.Logits.Shape);
            Assert.Equal(one.Logits.Data?.ToArray(), other.Logits.Data?.ToArray());
            Assert.Equal(one.Logits.Indices, other.Logits.Indices);
            Assert.Equal(one.Logits.Values, other.Logits.Values);
            Assert.Equal(one.Logits.Logsumexp, other.Logits.Logsumexp);
        }
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData(StipRoutes.SafetensorsMediaType)]
    public async Task Answer_OfEitherForm_SaysWhereItsTimeWent(string accept)
    {
        using var response = await Caller.SendAsync(
            HttpMethod.Post, StipRoutes.Completions, Steps.Safetensors(Steps.Prefill(1, 2)), accept);
        Assert.Equal(accept, response.Content.Headers.ContentType?.MediaType);
        // The clock stands but for the copies.
        Assert.Matches(
            @"^queue;dur=0\.000, run;dur=0\.000, copy;dur=\d+\.\d{3}, total;dur=0\.000$",
            Assert.Single(response.Headers.GetValues("Server-Timing")));
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.3)]
    public async Task TopK_OfAStep_IsTheHeadOfTheSortedFullRow(double temperature)
    {
        var row = (await Caller.StepAsync(Steps.Prefill(4, 3))).Row();
        var top = (await Caller.StepAsync(
            Steps.Prefill(4, 3, new LogitsRequest(7, Temperature: temperature)))).Choices[0].Logits;
        var sorted = Enumerable.Range(0, row.Length).OrderByDescending(i => row[i]).ThenBy(i => i).Take(7).ToArray();
        Assert.Equal(sorted, top.Indices!);
        Assert.Equal(sorted.Select(i => row[i]), top.Values!);
        Assert.Equal(Math.Log(row.Sum(x => Math.Exp(x / temperature))), top.Logsumexp!.Value, 1e-5);
    }

    [Fact]
    public async Task SameStep_SentAgain_GivesTheSameAnswer()
    {
        var start = await Caller.StepAsync(Steps.Prefill(5, 4));
        var first = await Caller.StepAsync(Steps.Next(start, 5, 2));
        var again = await Caller.StepAsync(Steps.Next(start, 5, 2));
        Assert.Equal(first.Row(), again.Row());
        Assert.Equal(first.Position, again.Position);
    }

    [Fact]
    public async Task Rewind_ThenOtherRows_EqualsAFreshSession()
    {
        var start = await Caller.StepAsync(Steps.Prefill(6, 10));
        var other = new CompletionRequest("tiny", Steps.Rows(60, 4, 3), start.SessionId, 4);
        var rewound = await Caller.StepAsync(other);
        var fresh = await Caller.StepAsync(Steps.Prefill(6, 4));
        fresh = await Caller.StepAsync(other with { SessionId = fresh.SessionId });
        Assert.Equal(fresh.Row(), rewound.Row());
        Assert.Equal(7, rewound.Position);
        Assert.Equal(4, rewound.Usage.CachedTokens);
    }

    [Theory]
    [InlineData(TensorDtype.Float16, 2e-2f)]
    [InlineData(TensorDtype.BFloat16, 2e-1f)]
    public async Task NarrowRows_AreConverted(TensorDtype dtype, float tolerance)
    {
        var exact = await Caller.StepAsync(Steps.Prefill(7, 4));
        var narrow = await Caller.StepAsync(new CompletionRequest("tiny", Steps.Rows(7, 0, 4, dtype)));
        Assert.NotEqual(exact.Row(), narrow.Row());
        Assert.True(Steps.Difference(exact.Row(), narrow.Row()) < tolerance);
    }

    [Fact]
    public async Task HalfPrecisionGraph_IsServedInItsOwnType()
    {
        using var server = new ApiServer();
        new TinyDecoder("half", Dtype: TensorDtype.Float16).WriteTo(server.PackageFolder("half"));
        var exact = await Caller.StepAsync(Steps.Prefill(12, 4));
        var caller = server.Caller();
        var half = await caller.StepAsync(Steps.Prefill(12, 4) with { Model = "half" });
        Assert.Equal("float16", half.Choices[0].Logits.Dtype);
        var row = new float[TinyDecoder.VocabSize];
        TensorConversion.ToFloat32(TensorDtype.Float16, half.Choices[0].Logits.Data!.Value.Span, row);
        Assert.True(Steps.Difference(exact.Row(), row) < 3e-2);

        var top = await caller.StepAsync(Steps.Prefill(12, 4, new LogitsRequest(3)) with { Model = "half" });
        Assert.Equal("float32", top.Choices[0].Logits.Dtype);
        Assert.Equal(row.Max(), top.Choices[0].Logits.Values![0]);
        var next = await caller.StepAsync(Steps.Next(half, 12) with { Model = "half" });
        Assert.Equal(5, next.Position);
        using var large = await caller.PostAsync(
            "/v1/permuted/completions", Steps.Prefill(
                12, 1) with
            { Model = "half", PromptEmbeds = Steps.Filled(70000f) });
        await ApiCaller.RefusedAsync(large, 400, "non_finite_input");
    }

    [Fact]
    public async Task ManyUsersAtOnce_EachGetWhatTheyWouldAlone()
    {
        const int Users = 6, Tokens = 12;
        var alone = new List<float[]>[Users];
        for (var user = 0; user < Users; user++)
        {
            alone[user] = await TalkAsync(100 + user, Tokens);
        }

        var together = await Task.WhenAll(Enumerable.Range(0, Users).Select(user => TalkAsync(100 + user, Tokens)));
        Assert.All(alone.Zip(together), pair => Assert.Equal(pair.First, pair.Second));
    }

    [Fact]
    public async Task KeepFalse_ReleasesTheSession()
    {
        var once = await Caller.StepAsync(Steps.Prefill(8, 2) with { Keep = false });
        Assert.Null(once.SessionId);
        var kept = await Caller.StepAsync(Steps.Prefill(8, 2));
        var last = await Caller.StepAsync(Steps.Next(kept, 8) with { Keep = false });
        Assert.Null(last.SessionId);
        using var lost = await Caller.PostAsync("/v1/permuted/completions", Steps.Next(kept, 8));
        await ApiCaller.RefusedAsync(lost, 410, "session_lost");
    }

    [Fact]
    public async Task LastRowThatFits_FinishesWithLength()
    {
        var step = await Caller.StepAsync(Steps.Prefill(9, 3) with { MaxLength = 4 });
        Assert.Null(step.Choices[0].FinishReason);
        step = await Caller.StepAsync(Steps.Next(step, 9));
        Assert.Equal("length", step.Choices[0].FinishReason);
        using var over = await Caller.PostAsync("/v1/permuted/completions", Steps.Next(step, 9));
        await ApiCaller.RefusedAsync(over, 400, "context_length_exceeded");
        var rewound = await Caller.StepAsync(new CompletionRequest("tiny", Steps.Rows(9, 3, 1), step.SessionId, 3));
        Assert.Equal(step.Row(), rewound.Row());
    }

    // It is the longest cache of a new session: one that is there has its own.
    [Fact]
    public async Task MaxLength_OfAStepOfASession_BoundsNothing()
    {
        var step = await Caller.StepAsync(Steps.Prefill(9, 3) with { MaxLength = 20 });
        step = await Caller.StepAsync(Steps.Next(step, 9, 6) with { MaxLength = 4 });
        Assert.Equal(9, step.Position);
        using var over = await Caller.PostAsync(
            "/v1/permuted/completions", Steps.Next(step, 9, 12) with { MaxLength = 30 });
        await ApiCaller.RefusedAsync(over, 400, "context_length_exceeded");
    }

    [Fact]
    public async Task WholeContext_IsServed()
    {
        var step = await Caller.StepAsync(Steps.Prefill(10, TinyDecoder.ContextLength));
        Assert.Equal("length", step.Choices[0].FinishReason);
    }

    [Fact]
    public async Task Answer_InAnotherFormThanTheRequest_FollowsAccept()
    {
        using var response = await Caller.SendAsync(
            HttpMethod.Post, "/v1/permuted/completions", Steps.Safetensors(Steps.Prefill(11, 2)), "application/json");
        var answer = await ApiCaller.ReadAsync<CompletionResponse>(response);
        Assert.Equal(TinyDecoder.VocabSize, answer.Row().Length);
    }

    private async Task<List<float[]>> TalkAsync(int seed, int tokens)
    {
        var caller = Caller;
        var step = await caller.StepAsync(Steps.Prefill(seed, 1 + seed % 5));
        List<float[]> rows = [step.Row()];
        for (var i = 0; i < tokens; i++)
        {
            step = await caller.StepAsync(Steps.Next(step, seed));
            rows.Add(step.Row());
        }

        return rows;
    }
}
