using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine.Caches;
using Stip.Api.Runtime;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol.Completions;
using Stip.Protocol.Models;
using Stip.Protocol.Sessions;
using Stip.TestKit;

namespace Stip.Api.Tests.Engine;

/// <summary>Graphs of other exporters, whose caches grow: served = a bare loop that carries them on.</summary>
public sealed class GrowingCacheTests : IDisposable
{
    private const int Hidden = TinyDecoder.HiddenSize;

    // Keys and values of two layers.
    private const int TokenBytes = 4 * 16 * sizeof(float);

    // The same weights and arithmetic, whatever the caches' names and axes.
    private readonly TemporaryFolder _plain = new();

    public GrowingCacheTests() => new TinyGrowingDecoder().WriteTo(_plain.Path);

    public static TheoryData<CacheForm> Forms { get; } = [.. Enum.GetValues<CacheForm>()];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static float[] Floats(CompletionChoice choice) =>
        MemoryMarshal.Cast<byte, float>(choice.Logits.Data!.Value.Span).ToArray();

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task ServedSteps_AreThoseOfABareLoop(CacheForm form)
    {
        using var engine = new RealEngine(CacheLayouts.Growing, form: form);
        await using var host = engine.Host();
        using var bare = new BareLoop(_plain.At("model.onnx"));
        string? session = null;
        var position = 0;
        foreach (var rows in new[] { 5, 1, 1, 3, 1 })
        {
            using var step = engine.Step(session, position, rows, 3, true, 40);
            var outcome = await host.RunAsync("alice", step);
            Assert.True(outcome.Is(out var answer, out var refusal), refusal?.Message);
            using (answer)
            {
                Assert.Equal(bare.Step(position, rows, 3), answer.Logits.ToArray());
                (session, position) = (answer.SessionId, answer.Position);
            }
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(true, false, "last_axis_1")]
    public async Task PushedPackage_IsServedOverHttp_AlsoWhereItSeesTheLastRowOnly(
        bool lastRowOnly, bool takesOneRow, string? rowsOfLogits = null)
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        new TinyGrowingDecoder(LastRowOnly: lastRowOnly, TakesOneRow: takesOneRow, RowsOfLogits: rowsOfLogits)
            .WriteTo(folder.Path);
        using var pushed = await server.Caller().PushAsync(folder.Path);
        await ApiCaller.ReadAsync<ModelObject>(pushed);
        using var bare = new BareLoop(folder.At("model.onnx"));
        var all = new LogitsRequest(Rows: LogitsRequest.All);
        var last = await server.Caller().StepAsync(new CompletionRequest("growing", Steps.Rows(3, 0, 4)));
        var first = await server.Caller().StepAsync(
            new CompletionRequest("growing", Steps.Rows(3, 0, 4), Logits: all));
        Assert.Equal(4, first.Choices.Count);

        // Sums of one row and of four may be rounded in another order.
        Assert.All(Floats(first.Choices[3]).Zip(Floats(last.Choices[0])), pair =>
            Assert.Equal(pair.First, pair.Second, takesOneRow ? 0f : 1e-5f));

        var next = await server.Caller().StepAsync(Steps.Next(first, 3) with { Model = "growing" });
        if (lastRowOnly)
        {
            bare.Step(0, 1, 3);
            bare.Step(1, 1, 3);
            bare.Step(2, 1, 3);
            bare.Step(3, 1, 3);
        }
        else
        {
            bare.Step(0, 4, 3);
        }

        Assert.Equal(bare.Step(4, 1, 3), next.Choices[0].Logits.Data!.Value.ToArray());
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public Task SessionsOfOneLength_RunTogether_OthersBesideThem(CacheForm form) =>
        AssertAreAloneAsync(form, GrowingStep.UsualInputBytes);

    // One by one: what a graph takes of one sequence cannot be filled for several.
    [Fact]
    public Task SessionsOfOneLength_WherePositionsAreOfOneSequence_AreAnsweredToo() =>
        AssertAreAloneAsync(CacheForm.Named, GrowingStep.UsualInputBytes, hasOnePositions: true);

    // Two of three tokens, or one of more.
    [Theory]
    [InlineData(CacheForm.Named)]
    [InlineData(CacheForm.Stacked)]
    public Task SessionsOfOneLength_WhosePastsAreTooMuchForOneRun_RunInTurns(CacheForm form) =>
        AssertAreAloneAsync(form, 2 * (3 * TokenBytes + (4 + 1) * sizeof(long)));

    [Theory]
    [InlineData(1, 6)]
    [InlineData(3, 2)]
    [InlineData(4, 1)]
    [InlineData(7, 1)]
    public void MostSlots_OfALength_AreThoseWhosePastsFit(int cachedTokens, int most)
    {
        using var engine = new RealEngine(CacheLayouts.Growing);
        using var session = new InferenceSession(engine.GraphPath);
        using var step = new GrowingStep(session, engine.Snapshot)
        {
            // Beside the pasts a mask of one token more and a position.
            MostInputBytes = 6 * (TokenBytes + (2 + 1) * sizeof(long)),
        };

        Assert.Equal(most, step.MostSlots(cachedTokens));
        Assert.True(step.MostSlots(0) > 1);
    }

    // A tensor of 2 GiB is more than the runtime's can be read as.
    [Theory]
    [InlineData(CacheForm.Named, 16 * sizeof(float))]
    [InlineData(CacheForm.Stacked, 2 * 16 * sizeof(float))]
    public void MostTokens_AreThoseOfWhichTheLargestTensorCanBeRead(CacheForm form, int tokenBytes)
    {
        using var engine = new RealEngine(CacheLayouts.Growing, form: form);
        using var decoder = RealEngine.Runtime().LoadDecoder(engine.Snapshot);

        Assert.Equal(int.MaxValue / tokenBytes, decoder.MostTokens);
    }

    private static async Task AssertAreAloneAsync(
        CacheForm form, long mostInputBytes, bool hasOnePositions = false)
    {
        using var plain = new TemporaryFolder();
        new TinyGrowingDecoder().WriteTo(plain.Path);
        using var engine = new RealEngine(CacheLayouts.Growing, form: form, hasOnePositions: hasOnePositions);
        using var watched = new WatchedRuntime(RealEngine.Runtime(engine.Options, mostInputBytes));
        engine.Watched = watched;
        await using var host = engine.Host();
        int[] lengths = [3, 5, 3, 3, 5, 7];
        var sessions = new List<string>();
        for (var i = 0; i < lengths.Length; i++)
        {
            using var prompt = engine.Step(null, 0, lengths[i], i, false, 40);
            Assert.True((await host.RunAsync("alice", prompt)).Is(out var answer, out _));
            sessions.Add(answer.SessionId!);
        }

        // While one prompt is held in the decoder, everybody's next row comes to wait.
        watched.Hold();
        using var prompt7 = engine.Step(null, 0, 2, 9, false, 40);
        var held = Task.Run(() => host.RunAsync("bob", prompt7), Cancellation);
        watched.Entered.Wait(Cancellation);
        watched.Runs.Clear();
        var running = lengths.Select((length, i) => host.RunAsync(
            "alice", engine.Step(sessions[i], length, 1, i, false, 40), Cancellation)).ToArray();
        watched.LetGo();
        await held;
        var answers = await Task.WhenAll(running);
        Assert.Equal(lengths.Order(), watched.Runs[^1].Order());
        for (var i = 0; i < lengths.Length; i++)
        {
            using var bare = new BareLoop(plain.At("model.onnx"));
            bare.Step(0, lengths[i], i);
            Assert.True(answers[i].Is(out var answer, out var refusal), refusal?.Message);
            Assert.Equal(bare.Step(lengths[i], 1, i), answer.Logits.ToArray());
        }
    }

    [Fact]
    public async Task Package_WithAnInputThatNobodyFills_IsRefusedByItsName()
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        new TinyGrowingDecoder(ExtraInput: "use_cache_branch").WriteTo(folder.Path);
        using var pushed = await server.Caller().PushAsync(folder.Path);
        var error = await ApiCaller.RefusedAsync(pushed, 422, "package_invalid");
        Assert.Contains("'use_cache_branch' is none that a server can fill", error.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CacheForm.Renamed, false)]
    [InlineData(CacheForm.Stacked, false)]
    [InlineData(CacheForm.Named, true)]
    [InlineData(CacheForm.Renamed, true)]
    public async Task PushedPackage_WithNamesOfItsOwn_IsServedForkedAndRewound(CacheForm form, bool isOpaque)
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        new TinyGrowingDecoder(Form: form, IsOpaque: isOpaque).WriteTo(folder.Path);
        using var pushed = await server.Caller().PushAsync(folder.Path);
        await ApiCaller.ReadAsync<ModelObject>(pushed);
        using var bare = new BareLoop(_plain.At("model.onnx"));
        bare.Step(0, 4, 3);
        var expected = bare.Step(4, 1, 3);
        var first = await server.Caller().StepAsync(
            new CompletionRequest("growing", Steps.Rows(3, 0, 4), MaxLength: 20));
        using var forked = await server.Caller().PostAsync(
            $"/v1/permuted/sessions/{first.SessionId}/fork", new SessionForkRequest());
        var fork = await ApiCaller.ReadAsync<SessionObject>(forked);
        await server.Caller().StepAsync(Steps.Next(first, 9) with { Model = "growing" });
        foreach (var session in new[] { fork.Id, first.SessionId })
        {
            var next = await server.Caller().StepAsync(
                Steps.Next(first, 3) with { Model = "growing", SessionId = session });
            Assert.Equal(expected, next.Choices[0].Logits.Data!.Value.ToArray());
        }
    }

    public void Dispose() => _plain.Dispose();

    /// <summary>One sequence, its caches carried from run to run.</summary>
    private sealed class BareLoop : IDisposable
    {
        private readonly RunOptions _options = new();
        private readonly InferenceSession _session;
        private OrtValue[] _caches;

        public BareLoop(string path)
        {
            using var options = new SessionOptions { IntraOpNumThreads = 1 };
            _session = new InferenceSession(path, options);
            _caches = [.. Enumerable.Range(0, 4).Select(_ => OrtValue.CreateTensorValueFromMemory(
                Array.Empty<float>(), [1, 1, 0, 16]))];
        }

        /// <summary>Logits of all new rows that the graph gives.</summary>
        public byte[] Step(int position, int rows, int seed)
        {
            var data = Steps.Rows(seed, position, rows).Data;
            var floats = MemoryMarshal.Cast<byte, float>(data.Span).ToArray();
            using var mask = OrtValue.CreateTensorValueFromMemory(
                Enumerable.Repeat(1L, position + rows).ToArray(), [1, position + rows]);
            using var embeds = OrtValue.CreateTensorValueFromMemory(floats, [1, rows, Hidden]);
            using var positions = OrtValue.CreateTensorValueFromMemory(
                Enumerable.Range(position, rows).Select(at => (long)at).ToArray(), [1, rows]);
            string[] pasts =
            [
                "past_key_values.0.key", "past_key_values.0.value", "past_key_values.1.key", "past_key_values.1.value",
            ];
            var results = _session.Run(
                _options, ["attention_mask", "inputs_embeds", "position_ids", .. pasts],
                [mask, embeds, positions, .. _caches],
                ["logits", .. pasts.Select(
                    name => name.Replace("past_key_values", "present", StringComparison.Ordinal))]);
            Array.ForEach(_caches, cache => cache.Dispose());
            _caches = [.. results.Skip(1)];
            using var logits = results[0];
            return logits.GetTensorMutableRawData().ToArray();
        }

        public void Dispose()
        {
            Array.ForEach(_caches, cache => cache.Dispose());
            _session.Dispose();
            _options.Dispose();
        }
    }
}
