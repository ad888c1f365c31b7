using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Symmetry.Ports;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>Places go as far as the rows of their table, of which the first may be none of them.</summary>
public sealed class InputLimitsTests : IDisposable
{
    private const int Rows = 34;
    private readonly SmallGraph _graph = new();

    [Theory]
    [InlineData("", 34L)]
    [InlineData("2", 32L)] // OPT
    [InlineData("2 3", 29L)]
    [InlineData("list", 32L)]
    [InlineData("cast", 32L)]
    [InlineData("counted", 34L)] // from 0 on
    [InlineData("unknown", 34L)] // no more than these
    public void Limit_OfPlacesThatSomethingIsAddedTo_LeavesItsRowsOut(string added, long expected)
    {
        _graph.Graph.AddInput("position_ids", TensorDtype.Int64, "batch", "seq");
        var places = added switch
        {
            "list" => Sum("position_ids", _graph.Numbers(2)),
            "cast" => Sum("position_ids", _graph.Add("Unsqueeze", "wide", _graph.Integer(2), _graph.Numbers(0))),
            "counted" => Sum("position_ids", _graph.Add(
                "Range", "counts", _graph.Integer(0), _graph.Add("Size", "all", "position_ids"), _graph.Integer(1))),
            "unknown" => Sum(_graph.Add("Mul", "twice", _graph.Integer(1), _graph.Integer(2)), "position_ids"),
            _ => added.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Aggregate("position_ids", (sum, number) => Sum(_graph.Integer(long.Parse(number)), sum)),
        };
        _graph.Add("Gather", "rows", _graph.Weight("table", Rows, 6), places);
        var graph = _graph.Graph.Graph;

        var limits = InputLimits.Find(graph, new Constants(graph), new PortUses(graph));

        Assert.Equal(expected, limits.GetValueOrDefault("position_ids"));
    }

    public void Dispose() => _graph.Dispose();

    private string Sum(string one, string other) => _graph.Add("Add", $"{one}_{other}", one, other);
}
