using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules.Places;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// What goes from one graph of a model into the next while they run on labels: whole values out of a client's graph,
/// and along a join one node a feature.
/// </summary>
internal sealed class PartFlow(IReadOnlyList<PortJoin> joins)
{
    private readonly Dictionary<(string Role, string Input), (Value Value, LabelledPort? Port)> _handed = [];
    private readonly Dictionary<string, LabelledPort> _ports = new(StringComparer.Ordinal);

    /// <summary>What the client's graph hands to an input, null where it hands nothing.</summary>
    public (Value Value, LabelledPort? Port)? Handed(GraphPart part, string input) =>
        !part.IsClient && _handed.TryGetValue((part.Role, input), out var handed) ? handed : null;

    /// <summary>The nodes that an input shares with the output of a graph before it; null where none is.</summary>
    public int[]? Joined(GraphPart part, string input)
    {
        var join = joins.FirstOrDefault(join => join.To == $"{part.Key}.{input}");
        return join is null ? null
            : _ports.TryGetValue(join.From, out var port) ? port.Nodes
            : throw new RefusedException($"'{join.To}' is joined with '{join.From}', which no graph before it gives");
    }

    /// <summary>True where another graph takes an output, or gives the same.</summary>
    public bool IsJoined(GraphPart part, string output)
    {
        var name = $"{part.Key}.{output}";
        return joins.Any(join => join.From == name || join.To == name);
    }

    /// <summary>Keeps what a graph gives.</summary>
    public void Add(LabelledPart done, Scope values, NodeStore store)
    {
        foreach (var port in done.Outputs)
        {
            var join = joins.FirstOrDefault(join => join.To == $"{done.Part.Key}.{port.Name}");
            if (join is not null)
            {
                Tie(join, port, store);
            }

            _ports[$"{done.Part.Key}.{port.Name}"] = port;
        }

        foreach (var output in done.Part.Graph.Output.Where(_ => done.Part.IsClient))
        {
            var port = _ports.GetValueOrDefault($"{done.Part.Key}.{output.Name}");
            _handed[(done.Part.Role, output.Name)] = (
                values[output.Name] is LabelValue { Rank: > 1 } cells
                    ? PlacedOperands.OfRows(store, cells, SentAxis.Of(done.Part.Graph, output, cells.Shape))
                    : values[output.Name],
                port);
        }
    }

    // Where one of them has a number of rows that cannot grow, every row is tied.
    private void Tie(PortJoin join, LabelledPort port, NodeStore store)
    {
        var same = _ports.GetValueOrDefault(join.From)?.Nodes ?? [];
        var width = Math.Min(same.Length, port.Nodes.Length);
        if (width == 0 || same.Length % width != 0 || port.Nodes.Length % width != 0)
        {
            throw new RefusedException(
                $"'{join.To}' has {port.Nodes.Length} features, '{join.From}', which it is joined with, {same.Length}");
        }

        foreach (var one in same.Chunk(width))
        {
            foreach (var other in port.Nodes.Chunk(width))
            {
                CellWise.Ordered(store, store.Kinds.Id(HoldingKinds.Kept), one, other);
            }
        }
    }
}
