using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Symmetry.Ports;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>What looks rows of a table up is the user's, unless it is a length.</summary>
public sealed class InputRolesTests : IDisposable
{
    private const int Width = 6;
    private readonly SmallGraph _graph = new();

    [Theory]
    [InlineData("past_ids", "n", true, InputRole.Tokens)]
    [InlineData("past_tokens", "n", false, InputRole.Tokens)]
    [InlineData("past_token", "batch", false, InputRole.Tokens)]
    [InlineData("past_token", "batch", true, InputRole.Tokens)]
    [InlineData("past_lens", "batch", false, InputRole.Tokens)]
    [InlineData("past_lens", "batch", true, InputRole.Public)]
    [InlineData("past_len", "1", false, InputRole.Public)]
    [InlineData("past_len", "", false, InputRole.Public)]
    public void Role_OfWhatLooksUpATable_IsOpenForALengthAlone(
        string name, string axis, bool hasCache, object expected)
    {
        Axis[] axes = axis switch { "" => [], "1" => [1], _ => [axis] };
        _graph.Graph.AddInput(name, TensorDtype.Int64, axes);
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, Width), name);
        if (hasCache)
        {
            _graph.Input("cache", "batch", "past", Width);
            _graph.With("Concat", "grown", ["cache", _graph.Hidden(Width)], NodeAttribute.Int("axis", 1));
            _graph.Output("grown", "batch", "total", Width);
        }

        var graph = _graph.Graph.Graph;

        Assert.Equal((InputRole)expected, InputRoles.Find(graph, new Constants(graph), new PortUses(graph))[name]);
    }

    public void Dispose() => _graph.Dispose();
}
