using Stip.Onnx.Model;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Values of a graph that depend on no input: initialisers, and what is computed from them alone.</summary>
internal sealed class Constants
{
    private readonly Dictionary<string, bool> _hasMatrix;

    public Constants(GraphProto graph)
        : this(graph, [])
    {
    }

    private Constants(GraphProto graph, Dictionary<string, bool> around)
    {
        _hasMatrix = new(around, StringComparer.Ordinal);
        foreach (var tensor in graph.Initializer)
        {
            _hasMatrix[tensor.Name] = IsMatrix(tensor);
        }

        Add(graph.Node);
    }

    /// <summary>These, and those of a graph inside of this one.</summary>
    public Constants Inside(GraphProto graph) => new(graph, _hasMatrix);

    /// <summary>Adds what these nodes, in their order, make of constants.</summary>
    public void Add(IEnumerable<NodeProto> nodes)
    {
        foreach (var node in nodes)
        {
            var reads = OuterReads.Of(node).ToArray();
            if (!Array.TrueForAll(reads, _hasMatrix.ContainsKey)
                || node.OpType.StartsWith("Random", StringComparison.Ordinal))
            {
                continue;
            }

            var own = node.Attribute.FirstOrDefault(attribute => attribute.Name == "value")?.T;
            var matrix = (own is not null && IsMatrix(own)) || Array.Exists(reads, HasMatrix);
            foreach (var output in node.Output.Where(output => output.Length > 0))
            {
                _hasMatrix[output] = matrix;
            }
        }
    }

    public bool Has(string name) => _hasMatrix.ContainsKey(name);

    /// <summary>True for a weight of two or more axes, or what is made of one.</summary>
    public bool HasMatrix(string name) => _hasMatrix.GetValueOrDefault(name);

    private static bool IsMatrix(TensorProto tensor) => tensor.Dims.Count(length => length > 1) > 1
        && (DataType)tensor.DataType is not (DataType.Int64 or DataType.Int32 or DataType.Bool);
}
