using Stip.Onnx.Model;
using Stip.Onnx.Protection.Caches;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Protection.Caches;

/// <summary>Caches are found by what a graph does with them, not by their names.</summary>
public sealed class CachePairsTests
{
    private readonly GraphBuilder _graph = new("caches");

    public CachePairsTests() => _graph.AddInput("rows", TensorDtype.Float32, "batch", "seq", 8);

    [Fact]
    public void Find_OfJoinedRows_GivesNamesAndAxes()
    {
        Join("a", "b", 1, "batch", "past", 2, 4);
        Assert.Equal("a>b [batch, length, 2, 4]", Text());
    }

    [Fact]
    public void Find_OfAStateThatDoesNotGrow_FindsNone()
    {
        _graph.AddInput("a", TensorDtype.Float32, "batch", 2, "encoder", 4);
        _graph.Append("", "Identity", "same", ["a"], ["b"]);
        _graph.AddOutput("b", TensorDtype.Float32, "batch", 2, "encoder", 4);
        Assert.Equal("", Text());
    }

    [Fact]
    public void Find_OfAnOutputThatIsComputedOfAnInput_FindsNone()
    {
        _graph.AddInput("a", TensorDtype.Float32, "batch", 2, "past", 4);
        _graph.AddInput("new", TensorDtype.Float32, "batch", 2, "seq", 4);
        var sum = _graph.Add("Softmax", "computed", ["a"]);
        _graph.Append("", "Concat", "join", [sum, "new"], ["b"], NodeAttribute.Int("axis", 2));
        _graph.AddOutput("b", TensorDtype.Float32, "batch", 2, "total", 4);
        Assert.Equal("", Text());
    }

    [Fact]
    public void Find_OfALengthBeforeTheSequences_TellsThemApart()
    {
        Join("a", "b", 0, "past", "batch", 2, 4);
        Assert.Equal("a>b [length, batch, 2, 4]", Text());
    }

    [Fact]
    public void Find_OfSeveral_KeepsTheOrderOfInputs()
    {
        Join("second", "y", 2, "batch", 2, "past", 4);
        Join("first", "x", 2, "batch", 2, "past", 6);
        Assert.Equal("second>y [batch, 2, length, 4]; first>x [batch, 2, length, 6]", Text());
    }

    // Each calls the next twice: followed anew at every call they would take 2^20 steps.
    [Fact]
    public void Find_ThroughNestedFunctions_FollowsEachOnce()
    {
        FunctionProto[] functions = [.. Enumerable.Range(0, 20).Select(place => Twice($"F{place}", $"F{place + 1}"))];
        Call("F0");
        Assert.Equal("a>b [batch, 2, length, 4]", Text([.. functions, Joining("F20")]));
    }

    [Fact]
    public void Find_ThroughAFunctionThatCallsItself_IsRefused()
    {
        Call("F0");
        var fault = Assert.Throws<RefusedException>(() => Text(Twice("F0", "F0")));
        Assert.Contains("functions deep", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Find_ThroughAFunction_FollowsItsBody()
    {
        Call("Extend");
        Assert.Equal("a>b [batch, 2, length, 4]", Text(Joining("Extend")));
    }

    [Fact]
    public void Find_OfBranches_FollowsBoth()
    {
        _graph.AddInput("a", TensorDtype.Float32, "batch", 2, "past", 4);
        _graph.AddInput("new", TensorDtype.Float32, "batch", 2, "seq", 4);
        _graph.AddInput("flag", TensorDtype.Bool, 1);
        var (kept, joined) = (new GraphBuilder("kept"), new GraphBuilder("joined"));
        kept.Append("", "Identity", "k", ["new"], ["kept.out"]);
        kept.AddOutput("kept.out", TensorDtype.Float32, "batch", 2, "total", 4);
        joined.Append("", "Concat", "j", ["a", "new"], ["joined.out"], NodeAttribute.Int("axis", 2));
        joined.AddOutput("joined.out", TensorDtype.Float32, "batch", 2, "total", 4);
        _graph.Append("", "If", "choice", ["flag"], ["b"], Branch("then_branch", kept), Branch("else_branch", joined));
        _graph.AddOutput("b", TensorDtype.Float32, "batch", 2, "total", 4);
        Assert.Equal("a>b [batch, 2, length, 4]", Text());
    }

    private static AttributeProto Branch(string name, GraphBuilder graph) =>
        new() { Name = name, G = graph.Graph, Type = AttributeProto.Types.AttributeType.Graph };

    private void Join(string past, string present, int axis, params ReadOnlySpan<Axis> shape)
    {
        var (rows, after) = (shape.ToArray(), shape.ToArray());
        (rows[axis], after[axis]) = ("seq", "total");
        _graph.AddInput(past, TensorDtype.Float32, shape);
        _graph.AddInput(past + ".rows", TensorDtype.Float32, rows);
        _graph.Append(
            "", "Concat", past + ".join", [past, past + ".rows"], [present], NodeAttribute.Int("axis", axis));
        _graph.AddOutput(present, TensorDtype.Float32, after);
    }

    private IEnumerable<string> Sent => _graph.Graph.Input.Select(input => input.Name)
        .Where(name => name == "new" || name.EndsWith("rows", StringComparison.Ordinal));

    private string Text(params FunctionProto[] functions) => string.Join("; ",
        CachePairs.Find(_graph.Graph, functions, [.. Sent]).Select(Text));

    private static FunctionProto Joining(string name) => Function(name, new NodeProto
    {
        OpType = "Concat",
        Input = { "before", "more" },
        Output = { "after" },
        Attribute = { NodeAttribute.Int("axis", 2) },
    });

    private static FunctionProto Twice(string name, string next)
    {
        NodeProto Called(string to) => new()
        {
            OpType = next,
            Domain = "local",
            Input = { "before", "more" },
            Output = { to },
        };
        return Function(name, Called("unused"), Called("after"));
    }

    private static FunctionProto Function(string name, params NodeProto[] nodes) => new()
    {
        Name = name,
        Domain = "local",
        Input = { "before", "more" },
        Output = { "after" },
        Node = { nodes },
    };

    private void Call(string function)
    {
        _graph.AddInput("a", TensorDtype.Float32, "batch", 2, "past", 4);
        _graph.AddInput("new", TensorDtype.Float32, "batch", 2, "seq", 4);
        _graph.Append("local", function, "call", ["a", "new"], ["b"]);
        _graph.AddOutput("b", TensorDtype.Float32, "batch", 2, "total", 4);
    }

    private static string Text(CacheTensorManifest pair) =>
        $"{pair.Past}>{pair.Present} [{string.Join(", ", pair.Axes.Select(axis => axis.ToString()))}]";
}
