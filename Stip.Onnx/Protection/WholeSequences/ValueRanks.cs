using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Protection.WholeSequences;

/// <summary>How many axes values of a graph have, where the graph tells.</summary>
internal sealed class ValueRanks
{
    private readonly ValueTypes _types;
    private readonly Dictionary<string, int> _declared;
    private readonly Dictionary<string, int> _ranks = new(StringComparer.Ordinal);

    /// <param name="graph">The graph; its nodes are in the order in which they run.</param>
    public ValueRanks(GraphProto graph)
    {
        _types = new ValueTypes(graph);
        _declared = graph.ValueInfo.Concat(graph.Output).Concat(graph.Input)
            .Where(value => value.Type?.TensorType?.Shape?.Dim.Count > 0).DistinctBy(value => value.Name)
            .ToDictionary(value => value.Name, value => value.Type.TensorType.Shape.Dim.Count, StringComparer.Ordinal);
        foreach (var node in graph.Node)
        {
            foreach (var output in node.Output.Where(output => output.Length > 0))
            {
                if (RankOf(output, node) is { } rank)
                {
                    _ranks[output] = rank;
                }
            }
        }
    }

    /// <summary>The axes of a value; null where they are not known.</summary>
    public int? Of(string name) => _declared.TryGetValue(name, out var declared) ? declared
        : _ranks.TryGetValue(name, out var rank) ? rank
        : _types.HeldOf(name)?.Dims.Count ?? _types.ShapeOf(name)?.Dim.Count;

    /// <summary>Axes that a node names; none where it names none, null where they are computed.</summary>
    public IReadOnlyList<long>? AxesOf(NodeProto node) => _types.AxesOf(node);

    // All that is not known to change their number keeps that of its widest input.
    private int? RankOf(string output, NodeProto node) => node.OpType switch
    {
        "Constant" => _types.HeldOf(output)?.Dims.Count
            ?? (node.Attribute.FirstOrDefault()?.Name is "value_ints" or "value_floats" ? 1 : 0),
        "Shape" or "Range" => 1,
        "Size" => 0,
        "Flatten" or "Gemm" => 2,
        "Reshape" or "Expand" or "ConstantOfShape" => LengthOf(node.Input[^1]),
        "Unsqueeze" => Of(node.Input[0]) + _types.AxesOf(node)?.Count,
        "Squeeze" when _types.AxesOf(node) is { Count: > 0 } gone => Of(node.Input[0]) - gone.Count,
        "Squeeze" or "GatherND" or "OneHot" or "Einsum" or "If" or "Loop" or "Scan" => null,
        "Gather" => Of(node.Input[0]) + Of(node.Input[1]) - 1,
        _ when node.OpType.StartsWith("Reduce", StringComparison.Ordinal) => Reduced(node),
        _ when node.Input.Any(name => name.Length > 0) => node.Input.Where(name => name.Length > 0).Max(Of),
        _ => null,
    };

    // Of a list of lengths.
    private int? LengthOf(string name) => _types.HeldOf(name) is { Dims: [var length] } ? (int)length
        : _types.MakerOf(name) is { OpType: "Concat" } parts ? Joined(parts)
        : _types.MakerOf(name) is { OpType: "Cast" or "Identity" } moved ? LengthOf(moved.Input[0])
        : _types.MakerOf(name) is { OpType: "Shape", Attribute.Count: 0 } shape ? Of(shape.Input[0])
        : null;

    // None is told of where one is not.
    private int? Joined(NodeProto parts) => parts.Input.Aggregate((int?)0, (sum, part) => sum + PartOf(part));

    private int? PartOf(string name) => _types.MakerOf(name) is { OpType: "Unsqueeze" or "Reshape" } single
        && Of(single.Input[0]) is 0 ? 1 : LengthOf(name);

    private int? Reduced(NodeProto node) =>
        node.Attribute.FirstOrDefault(attribute => attribute.Name == "keepdims") is not { I: 0 } ? Of(node.Input[0])
        : _types.AxesOf(node) is { Count: > 0 } gone ? Of(node.Input[0]) - gone.Count
        : _types.AxesOf(node) is { Count: 0 } ? 0 : null;
}
