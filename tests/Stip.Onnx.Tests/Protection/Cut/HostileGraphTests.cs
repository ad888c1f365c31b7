using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Symmetry.Reports;
using Stip.Onnx.Tests.Symmetry;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>Small files that ask for much more work than they are long are refused.</summary>
public sealed class HostileGraphTests : IDisposable
{
    private const int Functions = 18;
    private const string Local = "own";
    private readonly SmallGraph _graph = new();

    [Fact]
    public void Inlined_OfFunctionsThatCallFunctionsTwice_IsRefused()
    {
        var model = new ModelProto
        {
            Graph = new GraphProto
            {
                Input = { new ValueInfoProto { Name = "x" } },
                Node = { Call(Functions, "x", "y") },
                Output = { new ValueInfoProto { Name = "y" } },
            },
        };
        Add(model);

        Assert.Contains(
            "write out", Assert.Throws<RefusedException>(() => InlinedCalls.Apply(model)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_OfFunctionsThatCallFunctionsTwice_IsRefused()
    {
        _graph.Input("x", "batch", "seq", 6);
        _graph.Add("MatMul", "h", "x", _graph.Weight("w", 6, 6));
        _graph.Add("Relu", "y", "h");
        _graph.Output("y", "batch", "seq", 6);
        _graph.Save().Dispose();
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(_graph.FilePath));
        model.Graph.Node[^1] = Call(Functions, "h", "y");
        Add(model);
        File.WriteAllBytes(_graph.FilePath, Google.Protobuf.MessageExtensions.ToByteArray(model));

        Assert.Contains(
            "calls of functions",
            Assert.Throws<RefusedException>(() => SymmetryInspector.Inspect(_graph.FilePath)).Message,
            StringComparison.Ordinal);
    }

    // Of every sum the server could make both ways.
    [Fact]
    public void Cut_OfSumsThatSplitAndJoin_EndsAtOnce()
    {
        _graph.Graph.AddInput("input_ids", Stip.Protocol.Tensors.TensorDtype.Int64, "batch", "seq");
        var last = _graph.Add("Gather", "rows", _graph.Weight("table", 9, 6), "input_ids");
        for (var i = 0; i < 40; i++)
        {
            last = _graph.Add("Add", $"sum_{i}", _graph.Add("Identity", $"left_{i}", last),
                _graph.Add("Identity", $"right_{i}", last));
        }

        _graph.Add("MatMul", "up", "rows", _graph.Weight("w_1", 6, 6));
        _graph.Add("Add", "both", _graph.Add("MatMul", "down", last, _graph.Weight("w_2", 6, 6)), "up");
        _graph.Output("both", "batch", "seq", 6);
        using var file = _graph.Save();

        Assert.NotEmpty(ClientCut.Find(file.Graph, shapesHaveEnds: true).Sent);
    }

    public void Dispose() => _graph.Dispose();

    private static NodeProto Call(int function, string input, string output) =>
        new() { Name = output, OpType = $"f{function}", Domain = Local, Input = { input }, Output = { output } };

    private static void Add(ModelProto model)
    {
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = Local, Version = 1 });
        for (var i = 0; i <= Functions; i++)
        {
            var function = new FunctionProto { Name = $"f{i}", Domain = Local, Input = { "a" }, Output = { "c" } };
            function.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 21 });
            function.OpsetImport.Add(new OperatorSetIdProto { Domain = Local, Version = 1 });
            function.Node.Add(i == 0
                ? [new NodeProto { OpType = "Relu", Input = { "a" }, Output = { "c" } }]
                : new[] { Call(i - 1, "a", "b"), Call(i - 1, "b", "c") });
            model.Functions.Add(function);
        }
    }
}
