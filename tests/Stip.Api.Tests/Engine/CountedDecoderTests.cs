using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using Stip.Api.Runtime;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol.Completions;
using Stip.Protocol.Models;
using Stip.TestKit;

namespace Stip.Api.Tests.Engine;

/// <summary>Inputs that a server makes of the lengths of a step: served = a bare loop that makes them.</summary>
public sealed class CountedDecoderTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PushedPackage_IsServed_AlsoWhereItGivesOneRowOfLogits(bool givesVector)
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        new TinyCountedDecoder(givesVector).WriteTo(folder.Path);
        using var pushed = await server.Caller().PushAsync(folder.Path);
        await ApiCaller.ReadAsync<ModelObject>(pushed);
        using var bare = Bare(folder.At("model.onnx"));
        var row = TinyDecoder.VocabSize * sizeof(float);
        var first = await server.Caller().StepAsync(
            new CompletionRequest("counted", Steps.Rows(3, 0, 4), MaxLength: 20));
        Assert.Equal(bare.Step(0, 4, 3)[^row..], first.Choices[0].Logits.Data!.Value.ToArray());

        var next = await server.Caller().StepAsync(Steps.Next(first, 3) with { Model = "counted" });
        Assert.Equal(bare.Step(4, 1, 3), next.Choices[0].Logits.Data!.Value.ToArray());

        var all = new LogitsRequest(Rows: LogitsRequest.All);
        var more = await server.Caller().StepAsync(Steps.Next(next, 3, 3, all) with { Model = "counted" });
        var expected = givesVector
            ? Enumerable.Range(5, 3).SelectMany(at => bare.Step(at, 1, 3)).ToArray()
            : bare.Step(5, 3, 3);
        Assert.Equal(
            expected, more.Choices.SelectMany(choice => choice.Logits.Data!.Value.ToArray()).ToArray());
    }

    // A bias of one sequence cannot be given to several: their rows run alone, and give the same.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Sessions_BesideOthers_AreAsAlone(bool hasOneBias)
    {
        using var engine = new RealEngine(
            folder => new TinyCountedDecoder(HasOneBias: hasOneBias).WriteTo(folder));
        using var watched = new WatchedRuntime(RealEngine.Runtime(engine.Options));
        engine.Watched = watched;
        await using var host = engine.Host();
        int[] lengths = [3, 5, 3, 5];
        var sessions = new List<string>();
        for (var i = 0; i < lengths.Length; i++)
        {
            using var prompt = engine.Step(null, 0, lengths[i], i, false, 40);
            Assert.True((await host.RunAsync("alice", prompt)).Is(out var answer, out var refusal), refusal?.Message);
            sessions.Add(answer.SessionId!);
        }

        watched.Hold();
        using var other = engine.Step(null, 0, 2, 9, false, 40);
        var held = Task.Run(() => host.RunAsync("bob", other), Cancellation);
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
            using var bare = Bare(engine.GraphPath);
            bare.Step(0, lengths[i], i);
            Assert.True(answers[i].Is(out var answer, out var refusal), refusal?.Message);
            Assert.Equal(bare.Step(lengths[i], 1, i), answer.Logits.ToArray());
        }
    }

    // A bias has a place for each row and token: what is too much for one run is made for fewer rows.
    [Theory]
    [InlineData(208, 7)]
    [InlineData(100, 4, 3)]
    [InlineData(1, 1, 1, 1, 1, 1, 1, 1)]
    public async Task Prompt_WhoseInputsAreTooMuchForOneRun_RunsInPieces(long mostBytes, params int[] pieces)
    {
        using var engine = new RealEngine(folder => new TinyCountedDecoder().WriteTo(folder));
        using var session = new InferenceSession(engine.GraphPath);
        using var growing = new GrowingStep(session, engine.Snapshot) { MostInputBytes = mostBytes };
        Assert.Equal(pieces[0], growing.MostRows(cachedTokens: 0, rowCount: 7));
        using var watched = new WatchedRuntime(RealEngine.Runtime(engine.Options, mostBytes));
        engine.Watched = watched;
        await using var host = engine.Host();
        using var bare = Bare(engine.GraphPath);
        var expected = new List<byte>();
        foreach (var rows in pieces)
        {
            expected.AddRange(bare.Step(expected.Count / (TinyDecoder.VocabSize * sizeof(float)), rows, 3));
        }

        using var all = engine.Step(null, 0, 7, 3, true, 40);
        Assert.True((await host.RunAsync("alice", all)).Is(out var answer, out var refusal), refusal?.Message);
        Assert.Equal(expected, answer.Logits.ToArray());
        using var last = engine.Step(null, 0, 7, 3, false, 40);
        Assert.True((await host.RunAsync("alice", last)).Is(out answer, out refusal), refusal?.Message);
        Assert.Equal(expected[^answer.Logits.Length..], answer.Logits.ToArray());
    }

    // Of one row and 64 heads a bias has 256 bytes a token, past_len 8 in all.
    [Theory]
    [InlineData(4, 1)]
    [InlineData(40, 2)]
    public void Sessions_WhoseInputsAreTooMuchForOneRun_RunInTurns(int cachedTokens, int slots)
    {
        using var engine = new RealEngine(folder => new TinyCountedDecoder().WriteTo(folder));
        using var session = new InferenceSession(engine.GraphPath);
        var pasts = cachedTokens * 2 * TinyDecoder.HiddenSize * sizeof(float);
        using var step = new GrowingStep(session, WithHeads(engine.Snapshot))
        {
            MostInputBytes = slots * (pasts + (cachedTokens + 1) * 256 + sizeof(long)),
        };

        Assert.Equal(slots, step.MostSlots(cachedTokens));
    }

    // A tensor of 2 GiB is more than the runtime's can be read as, and a bias is larger here than a cache.
    [Fact]
    public void MostTokens_AreThoseOfWhichTheLargestInputCanBeMade()
    {
        using var engine = new RealEngine(folder => new TinyCountedDecoder().WriteTo(folder));
        using var decoder = RealEngine.Runtime().LoadDecoder(WithHeads(engine.Snapshot));

        Assert.Equal(int.MaxValue / 256, decoder.MostTokens);
    }

    private static DecoderSnapshot WithHeads(DecoderSnapshot decoder) => decoder with
    {
        Cache = decoder.Cache with
        {
            Inputs =
            [
                decoder.Cache.Inputs![0] with { Axes = TinyCountedDecoder.Axes("batch", 64, "rows", "total") },
                decoder.Cache.Inputs[1],
            ],
        },
    };

    private static BareSteps Bare(string path) => new(
        path,
        [
            ("k_cache", "k_cache_out", [1, 0, TinyDecoder.HiddenSize]),
            ("v_cache", "v_cache_out", [1, 0, TinyDecoder.HiddenSize]),
        ],
        (past, rows) =>
        [
            ("bias", OrtValue.CreateTensorValueFromMemory(
                Enumerable.Range(0, rows).SelectMany(row => Enumerable.Range(0, past + rows).Select(
                    key => key <= past + row ? 0 : float.MinValue)).ToArray(), [1, rows, past + rows])),
            ("past_len", OrtValue.CreateTensorValueFromMemory(new long[] { past }, [])),
        ]);
}
