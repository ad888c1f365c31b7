using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol.Completions;
using Stip.Protocol.Models;
using Stip.Protocol.Sessions;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Engine;

/// <summary>An encoder and a decoder over HTTP: served = a bare loop, whatever others do meanwhile.</summary>
public sealed class SequenceTests(PairServer pair) : IClassFixture<PairServer>
{

    [Theory]
    [InlineData("pair", false)]
    [InlineData("pair", true)]
    [InlineData("merged", true)]
    [InlineData("hidden", true)]
    [InlineData("hidden-merged", false)]
    public async Task Steps_AreThoseOfABareLoop(string model, bool isBinary)
    {
        var caller = pair.Server.Caller();
        using var bare = new BareSequence(pair.Folder, Source(1, 7));
        var answer = await SendAsync(Start(1, 7, rows: 3));
        Assert.Equal(bare.Step(Steps.Rows(9, 0, 3)), answer.Row());
        foreach (var rows in new[] { 1, 2, 1 })
        {
            var expected = bare.Step(Steps.Rows(9, answer.Position, rows));
            answer = await SendAsync(Next(answer, rows));
            Assert.Equal(expected, answer.Row());
        }

        Task<CompletionResponse> SendAsync(CompletionRequest request)
        {
            request = request with { Model = model };
            return isBinary ? caller.StepAsSafetensorsAsync(request) : caller.StepAsync(request);
        }
    }

    [Fact]
    public async Task Sessions_ManyAtOnce_KeepTheirOwnSources()
    {
        var caller = pair.Server.Caller();

        await Task.WhenAll(Enumerable.Range(1, 6).Select(async user =>
        {
            using var bare = new BareSequence(pair.Folder, Source(user, 2 + user));
            var answer = await caller.StepAsync(Start(user, 2 + user, rows: 1));
            Assert.Equal(bare.Step(Steps.Rows(9, 0, 1)), answer.Row());
            for (var step = 1; step < 6; step++)
            {
                answer = await caller.StepAsync(Next(answer, 1));
                Assert.Equal(bare.Step(Steps.Rows(9, step, 1)), answer.Row());
            }
        }));
    }

    [Fact]
    public async Task Session_ForkedRewoundAndBegunAnew_GoesOnWithTheRightSource()
    {
        var caller = pair.Server.Caller();
        using var bare = new BareSequence(pair.Folder, Source(1, 7));
        bare.Step(Steps.Rows(9, 0, 2));
        var expected = bare.Step(Steps.Rows(9, 2, 1));
        var first = await caller.StepAsync(Start(1, 7, rows: 2));
        using var forked = await caller.PostAsync(
            $"/v1/permuted/sessions/{first.SessionId}/fork", new SessionForkRequest());
        var fork = await ApiCaller.ReadAsync<SessionObject>(forked);
        await caller.StepAsync(Next(first, 4));

        // Rewound behind what came since, the first session says what the fork says.
        Assert.Equal(expected, (await caller.StepAsync(Next(first, 1))).Row());
        using var released = await caller.SendAsync(
            HttpMethod.Delete, $"/v1/permuted/sessions/{first.SessionId}");
        Assert.True(released.IsSuccessStatusCode);
        Assert.Equal(expected, (await caller.StepAsync(Next(first, 1) with { SessionId = fork.Id })).Row());

        // The same session about something else.
        using var other = new BareSequence(pair.Folder, Source(2, 5));
        var again = await caller.StepAsync(Start(2, 5, rows: 2) with { SessionId = fork.Id, Position = 0 });
        Assert.Equal(other.Step(Steps.Rows(9, 0, 2)), again.Row());
    }

    [Theory]
    [InlineData("no source", 400, "invalid_request", "encoder_inputs_embeds with dtype, shape and data is required")]
    [InlineData("a source later", 400, "invalid_request", "encoder_inputs_embeds belongs to position 0")]
    [InlineData("a source too long", 400, "context_length_exceeded", "a source of 41 rows is longer than the 40")]
    [InlineData("a source too narrow", 400, "shape_mismatch", "encoder_inputs_embeds has shape [4, 31]")]
    [InlineData("a source of words", 400, "unsupported_dtype", "dtype 'int64' is not float32")]
    [InlineData("a source of NaN", 400, "non_finite_input", "encoder_inputs_embeds holds a NaN")]
    [InlineData("too few bytes", 400, "shape_mismatch", "encoder_inputs_embeds has 128 bytes of data")]
    [InlineData("another model", 400, "invalid_request", "is for models with an encoder")]
    public async Task Step_WithAWrongSource_IsRefusedByName(string fault, int status, string code, string message)
    {
        var caller = pair.Server.Caller();
        var good = Start(1, 4, rows: 1);
        var session = fault == "a source later" ? await caller.StepAsync(good) : null;
        var source = good.EncoderInputsEmbeds!;
        using var answer = await caller.PostAsync("/v1/permuted/completions", fault switch
        {
            "no source" => good with { EncoderInputsEmbeds = null },
            "a source later" => Next(session!, 1) with { EncoderInputsEmbeds = source },
            "a source too long" => good with { EncoderInputsEmbeds = Source(1, 41) },
            "a source too narrow" => good with { EncoderInputsEmbeds = source with { Shape = [4, 31] } },
            "a source of words" => good with { EncoderInputsEmbeds = source with { Dtype = "int64" } },
            "a source of NaN" => good with { EncoderInputsEmbeds = Steps.Filled(float.NaN) },
            "too few bytes" => good with { EncoderInputsEmbeds = source with { Data = source.Data[..128] } },
            _ => good with { Model = "tiny" },
        });

        var error = await ApiCaller.RefusedAsync(answer, status, code);
        Assert.Contains(message, error.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sources_CountInTheBudgetUntilTheyAreReleased()
    {
        // 1 MiB: a slot of the shortest class takes 24 KiB, a source of 40 rows 10 KiB more.
        using var server = new ApiServer(("Stip:Api:Engine:CacheMegabytes", "1"));
        using var pushed = await server.Caller().PushAsync(pair.Folder);
        await ApiCaller.ReadAsync<ModelObject>(pushed);
        var (caller, opened) = (server.Caller(), new List<string>());
        while (true)
        {
            using var answer = await caller.PostAsync("/v1/permuted/completions", Start(1, 40, rows: 1));
            if (!answer.IsSuccessStatusCode)
            {
                var error = await ApiCaller.RefusedAsync(answer, 503, "server_overloaded");
                Assert.Contains("MiB of cache", error.Detail, StringComparison.Ordinal);
                break;
            }

            opened.Add((await ApiCaller.ReadAsync<CompletionResponse>(answer)).SessionId!);
        }

        Assert.Equal((1 << 20) / (34 << 10), opened.Count);
        using var released = await caller.SendAsync(HttpMethod.Delete, $"/v1/permuted/sessions/{opened[0]}");
        await caller.StepAsync(Start(1, 40, rows: 1));
    }

    [Fact]
    public async Task Forks_CountWithTheirSources()
    {
        using var server = new ApiServer(("Stip:Api:Engine:CacheMegabytes", "1"));
        using var pushed = await server.Caller().PushAsync(pair.Folder);
        await ApiCaller.ReadAsync<ModelObject>(pushed);
        var caller = server.Caller();
        var first = await caller.StepAsync(Start(1, 40, rows: 1));
        var count = 1;
        while (true)
        {
            using var forked = await caller.PostAsync(
                $"/v1/permuted/sessions/{first.SessionId}/fork", new SessionForkRequest());
            if (!forked.IsSuccessStatusCode)
            {
                await ApiCaller.RefusedAsync(forked, 503, "server_overloaded");
                break;
            }

            count++;
        }

        // As many as sessions that brought the source themselves: 24 KiB of rows and 10 KiB of the source each.
        Assert.Equal((1 << 20) / (34 << 10), count);
        using var released = await caller.SendAsync(HttpMethod.Delete, $"/v1/permuted/sessions/{first.SessionId}");
        await caller.StepAsync(Start(1, 40, rows: 1));
    }

    private static TensorPayload Source(int seed, int rows) => Steps.Rows(seed, 100, rows);

    private static CompletionRequest Start(int source, int sourceRows, int rows) =>
        new("pair", Steps.Rows(9, 0, rows)) { EncoderInputsEmbeds = Source(source, sourceRows) };

    private static CompletionRequest Next(CompletionResponse before, int rows) =>
        new("pair", Steps.Rows(9, before.Position, rows), before.SessionId, before.Position);
}
