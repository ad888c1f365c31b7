using System.Runtime.InteropServices;
using System.Text.Json;
using Stip.Api.Engine;
using Stip.Api.Engine.Forward;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Engine.Forward;

/// <summary>A first axis may be a length: passes run together only where two have shown that they are apart.</summary>
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

        Assert.Equal(1, graph.Runs.Count(rows => rows > 1));
    }

    [Fact]
    public async Task PassesOfAGraph_WhoseRowsAreApart_RunTogetherAfterTwo()
    {
        var graph = new RowsGraph(isOneSequence: false);
        await using var loop = new ForwardLoop(graph, 64, 100, TimeProvider.System);
        await RunAsync(loop, graph, [1, 3, 10]);
        graph.Runs.Clear();
        Assert.Equal([[2f, 2f], [6f, 6f], [20f, 20f]], await RunAsync(loop, graph, [1, 3, 10]));
        Assert.Equal([1L, 3L], graph.Runs);
    }

    [Fact]
    public async Task PassesThatSayTheSame_ShowNothing()
    {
        var graph = new RowsGraph(isOneSequence: true);
        await using var loop = new ForwardLoop(graph, 64, 100, TimeProvider.System);
        await RunAsync(loop, graph, [3, 3]);
        Assert.Equal([[2f, 2f], [20f, 20f]], await RunAsync(loop, graph, [1, 10]));
        for (var round = 0; round < 8; round++)
        {
            await RunAsync(loop, graph, [3, 3]);
        }

        // The first pair, and those after one, two and four that went untried.
        Assert.InRange(graph.Runs.Count(rows => rows > 1), 2, 4);
    }

    [Fact]
    public void Learn_OfWholeNumbersAlone_LetsPassesJoin()
    {
        var trial = new BatchTrial();
        trial.Learn(false, Answers(("labels", [1])), Answers(("labels", [2])));
        Assert.True(trial.MayJoin);
    }

    private static Dictionary<string, TensorPayload> Answers(params (string Name, long[] Values)[] outputs) =>
        outputs.ToDictionary(
            output => output.Name,
            output => new TensorPayload(
                "int64", [output.Values.Length], MemoryMarshal.AsBytes(output.Values.AsSpan()).ToArray()));

    private static TensorManifest Tensor(string name) => new(
        name, "float32", [.. new object[] { "rows", "width" }.Select(axis => JsonSerializer.SerializeToElement(axis))]);

    private static async Task<float[][]> RunAsync(ForwardLoop loop, RowsGraph graph, float[] values)
    {
        graph.Gate.Reset();
        graph.Entered.Reset();
        var first = loop.TryRunAsync("one", Inputs(0), Cancellation);
        graph.Entered.Wait(Cancellation);
        var waiting = values.Select(value => loop.TryRunAsync("other", Inputs(value), Cancellation)).ToArray();
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

        public PassOutputs Run(IReadOnlyDictionary<string, TensorPayload> inputs)
        {
            var input = inputs["input"];
            Runs.Add(input.Shape[0]);
            Entered.Set();
            Gate.Wait(TimeSpan.FromSeconds(30));
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
