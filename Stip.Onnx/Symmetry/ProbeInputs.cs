using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// What the inputs of a graph are while it runs on labels: free labels for features, small numbers for the rest.
/// </summary>
internal sealed class ProbeInputs(GraphPart part, NodeStore store, PartFlow flow)
{
    private readonly Dictionary<string, int> _headSizes = HeadSizes.Find(part.Graph);

    /// <summary>Float inputs, in graph order.</summary>
    public List<LabelledPort> Ports { get; } = [];

    public Value Make(ValueInfoProto input)
    {
        if (flow.Handed(part, input.Name) is { } handed)
        {
            if (handed.Port is { } port)
            {
                Ports.Add(port);
            }

            return handed.Value;
        }

        var shape = ProbeSizes.Shape(input)
            ?? throw new RefusedException($"input '{input.Name}' of the graph has no shape");
        var type = (DataType)input.Type.TensorType.ElemType;
        if (!ElementTypes.IsFloat(type))
        {
            return new KnownValue(shape, [.. Numbers(input.Name, shape)], type, IsRuntime: true);
        }

        var dimensions = input.Type.TensorType.Shape.Dim;
        var features = Enumerable.Range(0, shape.Length).Where(axis => ProbeSizes.IsFixed(dimensions[axis])).ToList();
        if (_headSizes.TryGetValue(input.Name, out var headSize) && !features.Contains(shape.Length - 1))
        {
            shape[^1] = headSize;
            features.Add(shape.Length - 1);
        }

        return Free(input.Name, shape, [.. features]);
    }

    private LabelValue Free(string name, int[] shape, int[] features)
    {
        var featureShape = Array.ConvertAll(features, axis => shape[axis]);
        var joined = flow.Joined(part, name);
        var count = Shapes.Count(featureShape);
        if (joined is not null && joined.Length != count)
        {
            throw new RefusedException(
                $"input '{name}' has {count} features, the output joined with it {joined.Length}");
        }

        // A client's graph gets what users have, each number in its place: pixels never move.
        int[][] operands = [.. new[] { joined, part.IsClient ? store.Places(count) : null }.OfType<int[]>()];
        var kind = store.Kinds.Id($"input {part.Key}.{name}");
        var nodes = operands.Length == 0 ? store.FreshRun(kind, count) : CellWise.Fresh(store, kind, operands);
        Ports.Add(new LabelledPort(name, features, featureShape, nodes));
        var own = Shapes.Strides(featureShape);
        var strides = new int[shape.Length];
        foreach (var (axis, i) in features.Select((axis, i) => (axis, i)))
        {
            strides[axis] = own[i];
        }

        return new LabelValue(shape, Array.ConvertAll(Shapes.Walk(shape, strides), cell => nodes[cell]));
    }

    // Lengths and masks must fit the sizes of the run; any other number only has to be a valid index.
    private static IEnumerable<double> Numbers(string name, int[] shape)
    {
        var count = Shapes.Count(shape);
        var last = shape.Length == 0 ? 1 : shape[^1];
        return Enumerable.Range(0, count).Select(i => name switch
        {
            _ when name.Contains("mask", StringComparison.OrdinalIgnoreCase) => 1.0,
            _ when name.Contains("position", StringComparison.OrdinalIgnoreCase) => ProbeSizes.Past + (i % last),
            _ when name.Contains("seqlens", StringComparison.OrdinalIgnoreCase) => ProbeSizes.Total - 1,
            _ when name.Contains("total", StringComparison.OrdinalIgnoreCase) => ProbeSizes.Total,
            _ => i % 2,
        });
    }
}
