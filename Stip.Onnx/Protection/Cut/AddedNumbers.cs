using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Protection.Cut;

/// <summary>The whole numbers that a graph holds, as they are added to places.</summary>
internal sealed class AddedNumbers
{
    private readonly Dictionary<string, TensorProto> _held;
    private readonly Dictionary<string, NodeProto> _makers = new(StringComparer.Ordinal);

    /// <param name="graph">The graph.</param>
    public AddedNumbers(GraphProto graph)
    {
        _held = HeldTensors.Of(graph).DistinctBy(entry => entry.Name)
            .ToDictionary(entry => entry.Name, entry => entry.Tensor, StringComparer.Ordinal);
        foreach (var node in graph.Node.Where(node => node.OpType == "Constant" || RawValues.Keeps(node)))
        {
            _makers[node.Output[0]] = node;
        }
    }

    /// <summary>The smallest number of a constant; null where it is not known.</summary>
    /// <param name="name">A value that depends on no input.</param>
    public long? Least(string name)
    {
        for (var steps = 0;
            steps < _makers.Count && !_held.ContainsKey(name) && _makers.TryGetValue(name, out var maker); steps++)
        {
            if (maker.OpType == "Constant")
            {
                return maker.Attribute.FirstOrDefault() switch
                {
                    { Name: "value_int", I: var number } => number,
                    { Name: "value_ints", Ints: { Count: > 0 } numbers } => numbers.Min(),
                    _ => null,
                };
            }

            name = maker.Input[0];
        }

        return _held.TryGetValue(name, out var tensor)
            && tensor.DataLocation != TensorProto.Types.DataLocation.External
            && (DataType)tensor.DataType is DataType.Int64 or DataType.Int32
            && TensorNumbers.Read(InlineData.Open(name, tensor)).Integers is { Length: > 0 } integers
                ? integers.Min()
                : null;
    }
}
