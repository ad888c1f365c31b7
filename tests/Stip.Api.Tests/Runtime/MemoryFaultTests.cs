using Google.Protobuf;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine.Caches;
using Stip.Api.Tests.Engine;
using Stip.Api.Tests.Models;
using Stip.Onnx.Model;
using Stip.Protocol.Errors;

namespace Stip.Api.Tests.Runtime;

/// <summary>Memory that ONNX Runtime does not get is a refusal for now, whatever the decoder is; shorter steps go on.
/// </summary>
public sealed class MemoryFaultTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task GrowingDecoder_WithoutMemoryForAStep_RefusesItAndRunsAShorterOne()
    {
        using var engine = new RealEngine(CacheLayouts.Growing);
        MakeCostly(engine.GraphPath);
        await RefusedAsync(engine, longSeed: 1, rows: 8);
    }

    [Fact]
    public async Task SequenceDecoder_WithoutMemoryForAFirstStep_RefusesItAndRunsAShorterOne()
    {
        using var engine = new RealEngine(new TinySequence());
        MakeCostly(engine.GraphPath);
        await RefusedAsync(engine, longSeed: 1, rows: 8);
    }

    // Seeds decide how long the source is: 37 rows, and one.
    [Fact]
    public async Task SequenceDecoder_WithoutMemoryForASource_RefusesItAndReadsAShorterOne()
    {
        using var engine = new RealEngine(new TinySequence());
        MakeCostly(engine.Snapshot.Sequence!.EncoderPath, squarings: 3);
        await RefusedAsync(engine, longSeed: 36, rows: 1);
    }

    private static async Task RefusedAsync(RealEngine engine, int longSeed, int rows)
    {
        await using var host = engine.Host();
        using var large = engine.Step(null, 0, rows, longSeed, false, 40);
        var fault = await Assert.ThrowsAsync<InsufficientMemoryException>(
            async () => await host.StepAsync("alice", large, Cancellation));
        var refusal = ExpectedFaults.Of(fault)!.Value.Refusal;
        Assert.Equal(StipErrorCode.ServerOverloaded, refusal.Code);
        Assert.NotNull(refusal.RetryAfter);
        Assert.Equal("the step needs more memory than there is", refusal.Message);

        using var small = engine.Step(null, 0, 1, 0, false, 40);
        var outcome = await host.StepAsync("alice", small, Cancellation);
        Assert.True(outcome.Is(out var answer, out var refused), refused?.Message);
        answer.Dispose();
    }

    // Adds the largest of so many zeros to the first output: rows to a power that one row does not feel.
    private static void MakeCostly(string path, int squarings = 4)
    {
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        var graph = model.Graph;
        var (input, output) = (graph.Input.First(port => port.Name.EndsWith("embeds", StringComparison.Ordinal)).Name,
            graph.Output[0].Name);
        foreach (var node in graph.Node)
        {
            for (var i = 0; i < node.Output.Count; i++)
            {
                node.Output[i] = node.Output[i] == output ? "cheap" : node.Output[i];
            }
        }

        var lengths = new TensorProto { Name = "one", DataType = 7 };
        lengths.Dims.Add(1);
        lengths.RawData = ByteString.CopyFrom(BitConverter.GetBytes(1L));
        graph.Initializer.Add(lengths);
        Add(graph, "Shape", "shape", input);
        Add(graph, "Gather", "power0", "shape", "one");
        for (var i = 0; i < squarings; i++)
        {
            Add(graph, "Mul", $"power{i + 1}", $"power{i}", $"power{i}");
        }

        Add(graph, "ConstantOfShape", "zeros", $"power{squarings}");
        Add(graph, "ReduceMax", "zero", "zeros");
        Add(graph, "Add", output, "cheap", "zero");
        File.WriteAllBytes(path, model.ToByteArray());
    }

    private static void Add(GraphProto graph, string op, string output, params string[] inputs)
    {
        var node = new NodeProto { OpType = op, Name = $"costly_{output}" };
        node.Input.Add(inputs);
        node.Output.Add(output);
        if (op == "ReduceMax")
        {
            node.Attribute.Add(new AttributeProto
            {
                Name = "keepdims",
                Type = AttributeProto.Types.AttributeType.Int,
                I = 0,
            });
        }

        graph.Node.Add(node);
    }
}
