using Stip.Onnx.Model;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>A graph of random operators on rows <c>[batch, seq, width]</c> that cut, turn, shift and mix
/// features.</summary>
internal sealed class RandomGraph
{
    private const int Width = 12;
    private readonly Random _random;
    private readonly List<(string Name, int Width)> _rows = [];
    private int _count;

    public RandomGraph(SmallGraph graph, int seed, int steps)
    {
        Graph = graph;
        _random = new Random(seed);
        graph.Input("x", "batch", "seq", Width);
        _rows.Add(("x", Width));
        for (var step = 0; step < steps; step++)
        {
            Append();
        }

        // Every row counts for something, the last ones as they are.
        var sum = graph.Add("Sum", "sum", [.. _rows.Select(row => Dense(row, Width))]);
        graph.Output(graph.Add("Tanh", "y", sum), "batch", "seq", Width);
        graph.Output(_rows[^1].Name, "batch", "seq", _rows[^1].Width);
    }

    private SmallGraph Graph { get; }

    private void Append()
    {
        var (name, width) = _rows[_random.Next(_rows.Count)];
        switch (_random.Next(11))
        {
            case 0:
                Keep(Dense((name, width), 8), 8);
                break;
            case 1:
                var other = _rows.LastOrDefault(
                    row => row.Width == width && row.Name != name, (Name: name, Width: width));
                Keep(Graph.Add(_random.Next(2) == 0 ? "Add" : "Mul", New(), name, other.Name), width);
                break;
            case 2:
                Keep(Graph.Add("Mul", New(), name, Graph.Weight(New(), width)), width);
                break;
            case 3:
                Keep(Graph.Add("Sigmoid", New(), name), width);
                break;
            case 4:
                Keep(Graph.With("Softmax", New(), [name], NodeAttribute.Int("axis", -1)), width);
                break;
            case 5:
                Keep(Turned(name, width, width / 2), width);
                break;
            case 6:
                Keep(Graph.Add("Add", New(), name, Turned(name, width, 1)), width);
                break;
            case 7:
                Keep(Picked(name, [.. Enumerable.Range(0, width).Reverse()]), width);
                break;
            case 8:
                Keep(Picked(name, [.. Enumerable.Range(width / 4, width / 2)]), width / 2);
                break;
            case 9:
                Keep(ByHeads(name, width), width);
                break;
            default:
                Keep(Attended((name, width)), width);
                break;
        }
    }

    private void Keep(string name, int width)
    {
        if (width > 1)
        {
            _rows.Add((name, width));
        }
    }

    private string Dense((string Name, int Width) row, int width) =>
        Graph.Add("MatMul", New(), row.Name, Graph.Weight(New(), row.Width, width));

    private string Turned(string name, int width, int by) =>
        Picked(name, [.. Enumerable.Range(0, width).Select(i => (i + by) % width)]);

    private string Picked(string name, int[] indices) => Graph.With(
        "Gather",
        New(),
        [name, Graph.Graph.AddConstant(New(), [.. indices.Select(i => (long)i)])],
        NodeAttribute.Int("axis", 2));

    // A softmax inside each of two heads, or of one.
    private string ByHeads(string name, int width)
    {
        var count = width % 2 == 0 ? 2 : 1;
        var heads = Graph.Add("Reshape", New(), name, Graph.Graph.AddConstant(New(), 0, 0, count, width / count));
        var soft = Graph.With("Softmax", New(), [heads], NodeAttribute.Int("axis", -1));
        return Graph.Add("Reshape", New(), soft, Graph.Graph.AddConstant(New(), 0, 0, width));
    }

    private string Attended((string Name, int Width) row)
    {
        var order = new AttributeProto { Name = "perm", Type = AttributeProto.Types.AttributeType.Ints };
        order.Ints.Add([0, 2, 1]);
        var keys = Graph.With("Transpose", New(), [Dense(row, 6)], order);
        var scores = Graph.Add("MatMul", New(), Dense(row, 6), keys);
        var shares = Graph.With("Softmax", New(), [scores], NodeAttribute.Int("axis", -1));
        return Graph.Add("MatMul", New(), shares, Dense(row, row.Width));
    }

    private string New() => $"v{_count++}";
}
