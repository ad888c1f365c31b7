using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Tests.Symmetry.Rules;

/// <summary>Two operators of one name that do something else: the weights after them must not trade places.</summary>
public sealed class LikeOperatorsTests : IDisposable
{
    private const int Width = 4;
    private readonly SmallGraph _graph = new();

    public void Dispose() => _graph.Dispose();

    [Fact]
    public void Clips_OfOneNumberAsTheLeastAndTheLargest_AreToldApart()
    {
        var (features, zero) = (_graph.Hidden(Width), _graph.Number(0));

        AssertApart(_graph.Add("Clip", "least", features, zero), _graph.Add("Clip", "most", features, "", zero));
    }

    [Fact]
    public void Ranks_OfTheLargestAndTheSmallest_AreToldApart()
    {
        var features = _graph.Hidden(Width);
        for (var largest = 0; largest < 2; largest++)
        {
            _graph.Graph.Append(
                "",
                "TopK",
                $"top_{largest}",
                [features, _graph.Numbers(Width)],
                [$"value_{largest}", $"place_{largest}"],
                NodeAttribute.Int("largest", largest));
        }

        AssertApart("value_0", "value_1");
    }

    [Fact]
    public void Pools_OfTwoPowers_AreToldApart() => AssertApart(i => _graph.With(
        "GlobalLpPool", $"made_{i}", [ChannelsFirst()], NodeAttribute.Int("p", i + 1)));

    [Fact]
    public void Resizes_OfTwoModes_AreToldApart() => AssertApart(i => _graph.With(
        "Resize",
        $"made_{i}",
        [ChannelsFirst(), "", "", _graph.Numbers(3, Width, 5)],
        NodeAttribute.String("mode", i == 0 ? "nearest" : "linear")));

    [Fact]
    public void Resizes_ByTwoScalesToOneLength_AreToldApart() => AssertApart(i => _graph.With(
        "Resize",
        $"made_{i}",
        [ChannelsFirst(), "", _graph.Floats(1, 1, i == 0 ? 1f : 1.3f)],
        NodeAttribute.String("mode", "linear")));

    [Fact]
    public void FusedActivations_OfTwoSlopes_AreToldApart() => AssertApart(i => _graph.Microsoft(
        "FusedConv",
        $"made_{i}",
        [ChannelsFirst(), _graph.Graph.Has("w_conv") ? "w_conv" : _graph.Weight("w_conv", Width, Width, 1)],
        NodeAttribute.String("activation", "LeakyRelu"),
        new AttributeProto
        {
            Name = "activation_params",
            Type = AttributeProto.Types.AttributeType.Floats,
            Floats = { i == 0 ? 0.1f : 0.9f },
        }));

    // Both conditions are false at the lengths of the run.
    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    public void Branches_OfTwoConditions_AreToldApart(long tokens)
    {
        var features = _graph.Hidden(Width);
        var length = _graph.Add("Gather", "length", _graph.Add("Shape", "shape", "x"), _graph.Integer(1));
        string[] made = [.. new[] { 5, 10 }.Select((most, i) => _graph.With(
            "If",
            $"made_{i}",
            [_graph.Add("Greater", $"is_long_{i}", length, _graph.Integer(most))],
            Branch("then_branch", "Neg", features),
            Branch("else_branch", "Identity", features)))];

        AssertApart(made[0], made[1], new Dictionary<(string, int), long> { [("x", 1)] = tokens });
    }

    // What an operator without a rule gives in a pass is not what it gives in the next.
    [Fact]
    public void PassesOfALoop_ThroughAnOperatorWithoutARule_AreToldApart()
    {
        _graph.Input("x", 3, 6);
        var body = new GraphProto { Name = "body" };
        body.Node.Add(new NodeProto { OpType = "Identity", Input = { "goes_on" }, Output = { "still" } });
        body.Node.Add(new NodeProto { OpType = "Riddle", Domain = "example", Input = { "pass" }, Output = { "one" } });
        body.Input.Add([new ValueInfoProto { Name = "pass" }, new ValueInfoProto { Name = "goes_on" }]);
        body.Output.Add([new ValueInfoProto { Name = "still" }, Port("one", 3, 6)]);
        _graph.With("Loop", "all", [_graph.Integer(2), ""], new AttributeProto
        {
            Name = "body",
            Type = AttributeProto.Types.AttributeType.Graph,
            G = body,
        });
        string[] parts = [.. Enumerable.Range(0, 2).Select(i => _graph.Add(
            "MatMul", $"part_{i}", _graph.Add("Gather", $"row_{i}", "all", _graph.Integer(i)),
            _graph.Weight($"w_{i}", 6, 5)))];
        _graph.Add("Add", "y", parts);
        _graph.Output("y", 3, 5);
        using var file = _graph.Save();

        var analysis = SymmetryAnalysis.Of(file);

        var roots = analysis.Graph.Weights.Where(weight => weight.Tensor.Name is "w_0" or "w_1")
            .Select(weight => analysis.Classes.ClassOf(weight.Root));
        Assert.Equal(2, roots.Distinct().Count());
    }

    private static ValueInfoProto Port(string name, params long[] shape)
    {
        var dimensions = shape.Select(length => new TensorShapeProto.Types.Dimension { DimValue = length });
        var tensor = new TypeProto.Types.Tensor { ElemType = 1, Shape = new TensorShapeProto { Dim = { dimensions } } };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    private static AttributeProto Branch(string name, string operation, string input)
    {
        var graph = new GraphProto { Name = name };
        graph.Node.Add(new NodeProto { OpType = operation, Input = { input }, Output = { $"{name}_made" } });
        graph.Output.Add(new ValueInfoProto
        {
            Name = $"{name}_made",
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1 } },
        });
        return new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = graph };
    }

    private string ChannelsFirst() => _graph.Graph.Graph.Node.Any(node => node.Output[0] == "turned")
        ? "turned"
        : _graph.With("Transpose", "turned", [_graph.Hidden(Width)], NodeAttribute.Ints("perm", 0, 2, 1));

    private void AssertApart(Func<int, string> make)
    {
        string[] back = [.. Enumerable.Range(0, 2).Select(i => _graph.With(
            "Transpose", $"back_{i}", [make(i)], NodeAttribute.Ints("perm", 0, 2, 1)))];
        AssertApart(back[0], back[1]);
    }

    private void AssertApart(
        string one, string other, IReadOnlyDictionary<(string Name, int Axis), long>? sizes = null)
    {
        var first = _graph.Add("MatMul", "of_one", one, _graph.Weight("w_one", Width, 5));
        var second = _graph.Add("MatMul", "of_other", other, _graph.Weight("w_other", Width, 5));
        _graph.Add("Add", "y", first, second);
        _graph.Output("y", "batch", "rows", 5);

        ProtocolLaw.AssertHolds(_graph, sizes: sizes);
        using var file = ModelFile.Load(_graph.FilePath);
        var analysis = SymmetryAnalysis.Of(file);
        var roots = analysis.Graph.Weights.Where(weight => weight.Tensor.Name is "w_one" or "w_other")
            .Select(weight => analysis.Classes.ClassOf(weight.Root));
        Assert.Equal(2, roots.Distinct().Count());
    }
}
