using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Reports;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Symmetry;

public sealed class IntegerWeightsTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    [Fact]
    public void Inspect_OfABiasOfIntegers_MovesItWithItsFeatures()
    {
        Build(_graph.Hidden(4));

        var report = Inspect();

        Assert.DoesNotContain(report.Pinned, axis => axis.Initializer == "bias");
        Assert.Contains(report.Classes, moving => moving.Members.Any(member => member.Name == "bias"));
    }

    [Fact]
    public void Inspect_OfABiasThatAnotherNodeCountsWith_LeavesTheNumbersWhereTheyAre()
    {
        _graph.Hidden(4);
        _graph.Graph.AddInput("ids", TensorDtype.Int32, "batch", "seq");
        Build("h");
        _graph.With(
            "Cast", "counted", [_graph.Add("Gather", "picked", "bias", "ids")],
            NodeAttribute.Int("to", (long)TensorDtype.Float32.ToOnnx()));
        _graph.Output("counted", "batch", "seq");

        Assert.DoesNotContain(
            Inspect().Classes, moving => moving.Members.Any(member => member.Name == "bias"));
    }

    [Fact]
    public void Of_ABiasInAFunction_FindsIt()
    {
        var bias = new TensorProto { DataType = (int)TensorProto.Types.DataType.Int32, Dims = { 4 } };
        var function = new FunctionProto { Name = "Biased" };
        function.Node.Add(new NodeProto
        {
            OpType = "Constant",
            Output = { "bias" },
            Attribute = { new AttributeProto { Name = "value", T = bias } },
        });
        function.Node.Add(new NodeProto { OpType = "DequantizeLinear", Input = { "bias", "scale" }, Output = { "y" } });

        var found = IntegerWeights.Of(new ModelProto { Graph = new GraphProto(), Functions = { function } });

        Assert.Same(bias, Assert.Single(found));
    }

    public void Dispose() => _graph.Dispose();

    private void Build(string hidden)
    {
        var numbers = new byte[4 * sizeof(int)];
        new Random(4).NextBytes(numbers);
        _graph.Graph.AddWeight("bias", new Weight(TensorDtype.Int32, [4], stream => stream.Write(numbers)));
        _graph.With(
            "DequantizeLinear", "floats", ["bias", _graph.Weight("scales", 4)], NodeAttribute.Int("axis", 0));
        _graph.Finish(_graph.Add("Add", "sum", hidden, "floats"), 4);
    }

    private SymmetryReport Inspect()
    {
        _graph.Save().Dispose();
        return SymmetryInspector.Inspect(_graph.FilePath);
    }
}
