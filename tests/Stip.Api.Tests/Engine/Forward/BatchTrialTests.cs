using System.Runtime.InteropServices;
using System.Text.Json;
using Stip.Api.Engine;
using Stip.Api.Engine.Forward;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Engine.Forward;

/// <summary>A first axis may be a length: passes run together only where pairs have shown that neither
/// looks at the other.</summary>
public sealed class BatchTrialTests
{
    private const int Width = 2;

    private static readonly GraphManifest Manifest = new(
        "model.onnx", [Tensor("input")], [Tensor("output")]);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task PassesOfAGraph_WhoseFirstAxisIsALength_GiveWhatEachGivesAlone()
    {
        Assert.True(BatchAxis.Of(Manifest));
        var graph = new RowsGraph(isOneSequence: true);
        await using var loop = new ForwardLoop(graph, 64, 100, TimeProvider.System);
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal([[2f, 2f], [6f, 6f], [20f, 20f]], await RunAsync(loop, graph, [1, 3, 10]));
        }

        // One pair is no proof.
        Assert.Equal(2, graph.Runs.Count(rows => rows > 1));
    }

    [Fact]
    public async Task PassesOfAGraph_WhoseRowsAreApart_RunTogetherAfterTwoPairs()
    {
        var graph = new RowsGraph(isOneSequence: false);
        await using var loop = new ForwardLoop(graph, 64, 100, TimeProvider.System);
        await RunAsync(loop, graph, [1, 3, 10]);
        await RunAsync(loop, graph, [1, 3, 10]);
        graph.Runs.Clear();
        Assert.Equal([[2f, 2f], [6f, 6f], [20f, 20f]], await RunAsync(loop, graph, [1, 3, 10]));
        Assert.Equal([1L, 3L], graph.Runs);
    }

    [Fact]
    public async Task PassesThatSayTheSame_AreNotTried()
    {
        var graph = new RowsGraph(isOneSequence: false);
        await using var loop = new ForwardLoop(graph, 64, 100, TimeProvider.System);
        for (var round = 0; round < 8; round++)
        {
            await RunAsync(loop, graph, [3, 3]);
        }

        Assert.All(graph.Runs, rows => Assert.Equal(1, rows));
        await RunAsync(loop, graph, [1, 3]);
        await RunAsync(loop, graph, [1, 3]);
        Assert.Equal(2, graph.Runs.Count(rows => rows > 1));
    }

    // Someone whose texts were made for it would speak for everybody.
    [Fact]
    public async Task PairsOfOneOwner_SayNothingOfOthers()
    {
        var graph = new RowsGraph(isOneSequence: false);
        await using var loop = new ForwardLoop(graph, 64, 100, TimeProvider.System);
        await RunAsync(loop, graph, [1, 3, 10]);
        await RunAsync(loop, graph, [1, 3, 10]);
        graph.Runs.Clear();
        await RunAsync(loop, graph, [1, 3, 10], owner: "third");
        Assert.Equal([1L, 2L, 1L, 1L, 1L], graph.Runs);
        graph.Runs.Clear();
        await RunAsync(loop, graph, [1, 3, 10], owner: "fourth");
        Assert.Equal([1L, 3L], graph.Runs);
    }

    // Each attempt costs a run: it is given up.
    [Theory]
    [InlineData(false, 2)]
    [InlineData(true, 4)] // memory may come back: the first, and after one, two and four pairs
    public async Task PassesOfAGraph_ThatFailsTogether_AreAnsweredAndTriedSeldom(bool isOfMemory, int tried)
    {
        var graph = new RowsGraph(isOneSequence: false)
        {
            Fault = isOfMemory ? new InsufficientMemoryException() : new InvalidOperationException("one sequence"),
        };
        await using var loop = new ForwardLoop(graph, 64, 100, TimeProvider.System);
        for (var round = 0; round < 12; round++)
        {
            Assert.Equal([[2f, 2f], [6f, 6f]], await RunAsync(loop, graph, [1, 3]));
        }

        Assert.Equal(tried, graph.Runs.Count(rows => rows > 1));
    }

    [Fact]
    public async Task Pair_ThatHasNoMemoryForBothWays_IsNotTried()
    {
        var graph = new RowsGraph(isOneSequence: false);
        var asked = new List<long>();
        await using var loop = new ForwardLoop(
            graph, 64, 100, TimeProvider.System, (_, times) =>
            {
                asked.Add(times);
                return false;
            });
        Assert.Equal([[2f, 2f], [6f, 6f]], await RunAsync(loop, graph, [1, 3]));

        // Both, and one alone beside them.
        Assert.Equal([3L], asked);
        Assert.All(graph.Runs, rows => Assert.Equal(1, rows));
    }

    [Fact]
    public void Learn_OfWholeNumbersAlone_LetsPassesJoin()
    {
        var trial = new BatchTrial();
        for (var pair = 0; pair < 2; pair++)
        {
            Assert.Null(trial.MayJoin("one", "two"));
            trial.Learn(false, Answers(("labels", [1])), Answers(("labels", [2])), "one", "two");
        }

        Assert.True(trial.MayJoin("three", "four"));
    }

    [Fact]
    public void Learn_OfAPairThatDiffers_AsksForTwoMoreThatAgree()
    {
        var decided = new List<bool>();
        var trial = new BatchTrial { Decided = decided.Add };
        trial.Learn(true, Floats([1]), Floats([2]), "one", "two");
        for (var pair = 0; pair < 4; pair++)
        {
            Assert.Null(trial.MayJoin("one", "two"));
            trial.Learn(false, Floats([1]), Floats([2]), "one", "two");
        }

        Assert.True(trial.MayJoin("one", "two"));
        Assert.Equal([true], decided);
    }

    [Fact]
    public void Learn_OfTwoPairsThatDiffer_EndsIt()
    {
        var decided = new List<bool>();
        var trial = new BatchTrial { Decided = decided.Add };
        trial.Learn(true, Floats([1]), Floats([2]), "one", "one");
        trial.Learn(false, Floats([1]), Floats([2]), "one", "one");
        trial.Learn(true, Floats([1]), Floats([2]), "one", "one");
        Assert.False(trial.MayJoin("one", "one"));
        Assert.Equal([false], decided);
    }

    [Fact]
    public void IsDue_AfterPairsThatShowedNothing_IsSeldomButComesBack()
    {
        var trial = new BatchTrial();
        var tried = 0;
        for (var pair = 0; pair < 200; pair++)
        {
            if (trial.IsDue())
            {
                tried++;
                trial.Learn(false, Floats([1]), Floats([1]), "one", "two");
            }
        }

        // After 0, 1, 2, 4, 8 and then 16 pairs each.
        Assert.Equal(15, tried);
    }

    private static Dictionary<string, TensorPayload> Floats(float[] values) => new()
    {
        ["output"] = new("float32", [values.Length, 1], MemoryMarshal.AsBytes<float>(values).ToArray()),
    };

    private static Dictionary<string, TensorPayload> Answers(params (string Name, long[] Values)[] outputs) =>
        outputs.ToDictionary(
            output => output.Name,
            output => new TensorPayload(
                "int64", [output.Values.Length], MemoryMarshal.AsBytes(output.Values.AsSpan()).ToArray()));

    private static TensorManifest Tensor(string name) => new(
        name, "float32", [.. new object[] { "rows", "width" }.Select(axis => JsonSerializer.SerializeToElement(axis))]);

    private static async Task<float[][]> RunAsync(
        ForwardLoop loop, RowsGraph graph, float[] values, string owner = "other")
    {
        graph.Gate.Reset();
        graph.Entered.Reset();
        var first = loop.TryRunAsync("one", Inputs(0), Cancellation);
        graph.Entered.Wait(Cancellation);
        var waiting = values.Select(value => loop.TryRunAsync(owner, Inputs(value), Cancellation)).ToArray();
        graph.Gate.Set();
        await first;
        var answers = await Task.WhenAll(waiting);
        return [.. answers.Select(outcome =>
        {
            Assert.True(outcome!.Value.Is(out var answer, out var refusal), refusal?.Message);
            using (answer)
            {
                return MemoryMarshal.Cast<byte, float>(answer.Outputs.Tensors["output"].Data.Span).ToArray();
            }
        })];
    }

    private static ValidInputs Inputs(float value)
    {
        var data = MemoryMarshal.AsBytes<float>(Enumerable.Repeat(value, Width).ToArray()).ToArray();
        Assert.True(ValidInputs.Judge(Manifest, new Dictionary<string, TensorPayload>
        {
            ["input"] = new("float32", [1, Width], data),
        }).Is(out var inputs, out var refusal), refusal?.Message);
        return inputs;
    }

    /// <summary>Rows and the mean of all rows, or rows twice.</summary>
    private sealed class RowsGraph(bool isOneSequence) : IForwardGraph
    {
        public ManualResetEventSlim Gate { get; } = new(true);

        public ManualResetEventSlim Entered { get; } = new(false);

        public List<long> Runs { get; } = [];

        /// <summary>Of runs of several rows.</summary>
        public Exception? Fault { get; init; }

        public PassOutputs Run(IReadOnlyDictionary<string, TensorPayload> inputs)
        {
            var input = inputs["input"];
            Runs.Add(input.Shape[0]);
            Entered.Set();
            Gate.Wait(TimeSpan.FromSeconds(30));
            if (Fault is not null && input.Shape[0] > 1)
            {
                throw Fault;
            }

            var numbers = MemoryMarshal.Cast<byte, float>(input.Data.Span).ToArray();
            var mean = numbers.Average();
            float[] made = [.. numbers.Select(number => number + (isOneSequence ? mean : number))];
            return new PassOutputs(
                new Dictionary<string, TensorPayload>
                {
                    ["output"] = new("float32", input.Shape, MemoryMarshal.AsBytes<float>(made).ToArray()),
                },
                new MemoryStream());
        }

        public void Dispose()
        {
            Gate.Dispose();
            Entered.Dispose();
        }
    }
}
