using System.Runtime.InteropServices;
using System.Text.Json;
using Stip.Api.Engine;
using Stip.Api.Engine.Forward;
using Stip.Api.Tests.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Api.Tests.Engine.Forward;

/// <summary>Passes of equal shape run together and give what each gives alone.</summary>
public sealed class ForwardLoopTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly GraphManifest _manifest;
    private readonly HeldGraph _graph;

    public ForwardLoopTests()
    {
        _manifest = TinyEncoder.WriteTo(_folder.Path).Graphs["encoder"];
        _graph = new HeldGraph(RealEngine.Runtime().LoadForward(Path.Combine(_folder.Path, "model.onnx")));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task PassesThatWait_OfEqualShape_RunTogetherAndGiveWhatEachGivesAlone()
    {
        (int Rows, int Length, int Seed)[] shapes = [(1, 3, 1), (2, 3, 2), (1, 3, 3), (1, 5, 4), (1, 5, 5), (1, 3, 6)];
        Assert.True(BatchAxis.Of(_manifest));
        await using var loop = new ForwardLoop(_graph, 64, 100, TimeProvider.System);
        var alone = new List<byte[]>();
        foreach (var (rows, length, seed) in shapes)
        {
            alone.Add(Bytes(await loop.TryRunAsync("one", Inputs(rows, length, seed), Cancellation)));
        }

        await TryBothWaysAsync(loop);
        _graph.Hold();
        var first = loop.TryRunAsync("one", Inputs(1, 2, 0), Cancellation);
        _graph.Entered.Wait(Cancellation);
        _graph.Rows.Clear();
        var waiting = shapes.Select(shape => loop.TryRunAsync(
            "one", Inputs(shape.Rows, shape.Length, shape.Seed), Cancellation)).ToArray();
        using var gone = new CancellationTokenSource();
        var cancelled = loop.TryRunAsync("one", Inputs(1, 3, 9), gone.Token);
        await gone.CancelAsync();
        Assert.False(loop.IsIdle);
        _graph.LetGo();
        await first;
        Assert.Equal(alone, (await Task.WhenAll(waiting)).Select(Bytes));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal([4L, 2L, 1L], _graph.Rows);
        Assert.True(loop.IsIdle);
    }

    // 2 MiB of outputs, which lie together: an answer that is not read yet holds no more than its own.
    [Fact]
    public async Task LargeOutputs_OfPassesThatRanTogether_DoNotWaitForTheSlowestReader()
    {
        const int Length = 1 << 16;
        await using var loop = new ForwardLoop(_graph, 64, 100, TimeProvider.System);
        var expected = Bytes(await loop.TryRunAsync("one", Inputs(1, Length, 1), Cancellation));
        await TryBothWaysAsync(loop);
        _graph.Rows.Clear();
        _graph.Hold();
        var first = loop.TryRunAsync("one", Inputs(1, 2, 0), Cancellation);
        _graph.Entered.Wait(Cancellation);
        var waiting = new[] { 1, 2 }.Select(s => loop.TryRunAsync("one", Inputs(1, Length, s), Cancellation)).ToArray();
        _graph.LetGo();
        Assert.NotEmpty(Bytes(await first));
        Assert.True((await waiting[0])!.Value.Is(out var slow, out _));
        Assert.NotEmpty(Bytes(await waiting[1]));

        Assert.Equal([1L, 2L], _graph.Rows);
        Assert.NotEmpty(Bytes(await loop.TryRunAsync("one", Inputs(1, 2, 0), Cancellation)));
        Assert.True(_graph.AreGone(run: 10));
        Assert.Equal(expected, Bytes(slow));
    }

    [Fact]
    public async Task Batch_IsNoLargerThanAllowed()
    {
        await using var loop = new ForwardLoop(_graph, 2, 3, TimeProvider.System);
        _graph.Hold();
        var first = loop.TryRunAsync("one", Inputs(1, 2, 0), Cancellation);
        _graph.Entered.Wait(Cancellation);
        _graph.Rows.Clear();
        var waiting = new[] { 1, 2 }.Select(seed => loop.TryRunAsync($"{seed}", Inputs(seed, 3, seed), Cancellation))
            .ToArray();
        var refused = await loop.TryRunAsync("other", Inputs(1, 3, 3), Cancellation);
        Assert.NotNull(refused!.Value.Refusal?.RetryAfter);
        _graph.LetGo();
        await first;
        await Task.WhenAll(waiting);
        Assert.Equal([1L, 2L], _graph.Rows);
    }

    [Fact]
    public async Task Pass_OfAnotherOwner_WaitsForNoneOfTheFirstOwnersQueue()
    {
        await using var loop = new ForwardLoop(_graph, 1, 100, TimeProvider.System);
        _graph.Hold();
        var first = loop.TryRunAsync("greedy", Inputs(1, 2, 0), Cancellation);
        _graph.Entered.Wait(Cancellation);
        _graph.Lengths.Clear();
        var waiting = Enumerable.Range(1, 5)
            .Select(seed => loop.TryRunAsync("greedy", Inputs(1, 3, seed), Cancellation)).ToArray();
        var other = loop.TryRunAsync("modest", Inputs(1, 5, 9), Cancellation);
        _graph.LetGo();
        await first;
        await Task.WhenAll([.. waiting, other]);
        Assert.Equal([3L, 5L, 3L, 3L, 3L, 3L], _graph.Lengths);
    }

    [Fact]
    public async Task Owner_WithManyPasses_LeavesPlacesForOthers()
    {
        await using var loop = new ForwardLoop(_graph, 1, 8, TimeProvider.System);
        _graph.Hold();
        var taken = new List<Task<Outcome<PassAnswer>?>>();
        Refusal? refusal = null;
        for (var seed = 0; refusal is null; seed++)
        {
            var pass = loop.TryRunAsync("greedy", Inputs(1, 2, seed), Cancellation);
            refusal = pass.IsCompleted ? (await pass)!.Value.Refusal : null;
            taken.Add(pass);
        }

        Assert.Equal(4, taken.Count - 1);
        Assert.Contains("of this key", refusal.Message, StringComparison.Ordinal);
        Assert.NotNull(refusal.RetryAfter);
        var other = loop.TryRunAsync("modest", Inputs(1, 2, 9), Cancellation);
        Assert.False(other.IsCompleted);
        _graph.LetGo();
        Assert.NotEmpty(Bytes(await other));
        await Task.WhenAll(taken);
        Assert.True(loop.IsIdle);
    }

    [Fact]
    public async Task Batch_TakesNoMoreMemoryThanAllowed()
    {
        await using var loop = new ForwardLoop(_graph, 64, 100, TimeProvider.System, (_, times) => times <= 3);
        await TryBothWaysAsync(loop);
        _graph.Hold();
        var first = loop.TryRunAsync("one", Inputs(1, 2, 0), Cancellation);
        _graph.Entered.Wait(Cancellation);
        _graph.Rows.Clear();
        var waiting = Enumerable.Range(1, 5)
            .Select(seed => loop.TryRunAsync("one", Inputs(1, 3, seed), Cancellation)).ToArray();
        _graph.LetGo();
        await first;
        await Task.WhenAll(waiting);
        Assert.Equal([3L, 2L], _graph.Rows);
    }

    [Fact]
    public async Task Pass_ThatTheGraphCannotRun_FailsAloneAndTheOthersAreAnswered()
    {
        await using var loop = new ForwardLoop(_graph, 64, 100, TimeProvider.System);
        await TryBothWaysAsync(loop);
        _graph.Hold();
        var first = loop.TryRunAsync("one", Inputs(1, 2, 0), Cancellation);
        _graph.Entered.Wait(Cancellation);
        var bad = Inputs(1, 3, 1);
        _graph.Refused = bad.Tensors["inputs_embeds"].Data.Span[..4].ToArray();
        var waiting = loop.TryRunAsync("one", bad, Cancellation);
        var good = loop.TryRunAsync("one", Inputs(1, 3, 2), Cancellation);
        _graph.LetGo();
        await first;
        await Assert.ThrowsAsync<InvalidOperationException>(() => waiting);
        Assert.NotEmpty(Bytes(await good));
    }

    [Fact]
    public void Rows_OfAPassWithoutAFirstAxis_AreOne()
    {
        var scalar = _manifest with { Inputs = [_manifest.Inputs[1] with { Shape = [], Name = "n" }] };
        var given = new Dictionary<string, TensorPayload> { ["n"] = new("int64", [], new byte[8]) };
        Assert.Equal(1, ValidInputs.Judge(scalar, given).Is(out var inputs, out _) ? BatchAxis.Rows(inputs) : 0);
    }

    [Fact]
    public void Graph_WithAFixedFirstAxis_IsNotBatched() => Assert.False(BatchAxis.Of(
        _manifest with { Outputs = [.. _manifest.Outputs.Select(o => o with { Shape = [.. o.Shape.Skip(1)] })] }));

    [Fact]
    public void Graph_WhoseBatchStandsTwice_IsNotBatched() => Assert.False(BatchAxis.Of(
        _manifest with { Outputs = [_manifest.Outputs[0] with { Shape = Axes("batch", "batch") }] }));

    [Theory]
    [InlineData(true, "batch", 4)]
    [InlineData(true, "batch", 1, 4)]
    [InlineData(true, "batch", 3, 4)]
    [InlineData(false, "", "samples")]
    public void Graph_IsBatched_WhereItsFirstAxisHasAName(bool isBatched, params object[] axes) =>
        Assert.Equal(isBatched, BatchAxis.Of(new GraphManifest(
            "model.onnx", [new TensorManifest("input", "float32", Axes(axes))],
            [new TensorManifest("output", "float32", Axes(axes[0], 5))])));

    public void Dispose() => _folder.Dispose();

    private static JsonElement[] Axes(params object[] axes) =>
        [.. axes.Select(axis => JsonSerializer.SerializeToElement(axis))];

    private static byte[] Bytes(Outcome<PassAnswer>? outcome)
    {
        Assert.True(outcome!.Value.Is(out var answer, out var refusal), refusal?.Message);
        using (answer)
        {
            return answer.Outputs.Tensors["last_hidden_state"].Data.ToArray();
        }
    }

    private async Task TryBothWaysAsync(ForwardLoop loop)
    {
        foreach (var seed in new[] { 1, 3 })
        {
            _graph.Hold();
            var first = loop.TryRunAsync("one", Inputs(1, 2, 0), Cancellation);
            _graph.Entered.Wait(Cancellation);
            var one = loop.TryRunAsync("one", Inputs(1, 2, seed), Cancellation);
            var other = loop.TryRunAsync("one", Inputs(1, 2, seed + 1), Cancellation);
            _graph.LetGo();
            await Task.WhenAll(first, one, other);
        }
    }

    private ValidInputs Inputs(int rows, int length, int seed)
    {
        var random = new Random(seed);
        var embeds = Enumerable.Range(0, rows * length * TinyEncoder.HiddenSize)
            .Select(_ => random.NextSingle() * 2 - 1).ToArray();
        var types = Enumerable.Range(0, rows * length).Select(_ => (long)random.Next(2)).ToArray();
        Assert.True(ValidInputs.Judge(_manifest, new Dictionary<string, TensorPayload>
        {
            ["inputs_embeds"] = new(
                "float32", [rows, length, TinyEncoder.HiddenSize], MemoryMarshal.AsBytes<float>(embeds).ToArray()),
            ["token_type_ids"] = new("int64", [rows, length], MemoryMarshal.AsBytes<long>(types).ToArray()),
        }).Is(out var inputs, out var refusal), refusal?.Message);
        return inputs;
    }

    /// <summary>A graph that can be held and says how many rows ran together.</summary>
    private sealed class HeldGraph(IForwardGraph graph) : IForwardGraph
    {
        private readonly ManualResetEventSlim _gate = new(true);
        private readonly List<PassOutputs> _made = [];

        public ManualResetEventSlim Entered { get; } = new(false);

        public List<long> Rows { get; } = [];

        public List<long> Lengths { get; } = [];

        /// <summary>Bytes of a first number that it throws at.</summary>
        public byte[]? Refused { get; set; }

        public void Hold()
        {
            _gate.Reset();
            Entered.Reset();
        }

        public void LetGo() => _gate.Set();

        public PassOutputs Run(IReadOnlyDictionary<string, TensorPayload> inputs)
        {
            Rows.Add(inputs.Values.First().Shape[0]);
            Lengths.Add(inputs.Values.First().Shape[1]);
            Entered.Set();
            if (Refused is not null && inputs["inputs_embeds"].Data.Span.IndexOf(Refused) >= 0)
            {
                throw new InvalidOperationException("not this one");
            }

            _gate.Wait(TimeSpan.FromSeconds(30));
            var made = graph.Run(inputs);
            _made.Add(made);
            return made;
        }

        /// <summary>True where nobody holds what a run gave.</summary>
        public bool AreGone(int run)
        {
            try
            {
                return _made[run].Tensors.Values.All(tensor => tensor.Data.Span.IsEmpty);
            }
            catch (ObjectDisposedException)
            {
                return true;
            }
        }

        public void Dispose() => graph.Dispose();
    }
}
