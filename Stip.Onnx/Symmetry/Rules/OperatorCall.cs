using System.Globalization;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules;

/// <summary>One node of the graph with the values of its inputs; a rule sets the values of its outputs.</summary>
internal sealed class OperatorCall(NodeProto node, string operation, Value?[] inputs, NodeStore store)
{
    private readonly Value?[] _outputs = new Value?[node.Output.Count];

    /// <summary>Operator with its domain, the default domain left out.</summary>
    public string Operation { get; } = operation;

    public NodeStore Store { get; } = store;

    public IReadOnlyList<Value?> Inputs { get; } = inputs;

    public IReadOnlyList<Value?> Outputs => _outputs;

    public int OutputCount => _outputs.Length;

    /// <summary>An input that must be there.</summary>
    public Value Input(int index) => Optional(index)
        ?? throw new NotSupportedException($"{Operation} without input {index}");

    public Value? Optional(int index) => index < Inputs.Count ? Inputs[index] : null;

    /// <summary>An input whose numbers are known.</summary>
    public KnownValue Known(int index) => Input(index) as KnownValue
        ?? throw new NotSupportedException($"{Operation} with input {index} that is computed");

    /// <summary>The labels of an input; those of numbers are constants.</summary>
    public LabelValue Labels(int index) => Labels(Input(index));

    public LabelValue Labels(Value value) => value switch
    {
        LabelValue labels => labels,
        KnownValue known => new LabelValue(known.Shape, Array.ConvertAll(known.Numbers, Store.Constant)),
        WeightValue weight => weight.Weight.WriteOut(weight),
        _ => throw new InvalidOperationException(),
    };

    /// <summary>Sets an output; those that the graph does not use are dropped.</summary>
    public void Set(int index, Value value)
    {
        if (index < _outputs.Length && node.Output[index].Length > 0)
        {
            _outputs[index] = value;
        }
    }

    public bool Wants(int output) => output < node.Output.Count && node.Output[output].Length > 0;

    public long Integer(string name, long absent) => Attribute(name)?.I ?? absent;

    public float Float(string name, float absent) => Attribute(name)?.F ?? absent;

    public string Text(string name, string absent) => Attribute(name)?.S.ToStringUtf8() ?? absent;

    public IReadOnlyList<long>? Integers(string name) => Attribute(name)?.Ints;

    public AttributeProto? Attribute(string name) => node.Attribute.FirstOrDefault(attribute => attribute.Name == name);

    /// <summary>
    /// A kind for this operator with its attributes, so that two with different ones are never the same.
    /// </summary>
    public int Kind(string part = "")
    {
        var attributes = node.Attribute.Where(attribute => attribute.T is null && attribute.G is null)
            .OrderBy(attribute => attribute.Name, StringComparer.Ordinal)
            .Select(attribute => string.Create(
                CultureInfo.InvariantCulture,
                $"{attribute.Name}={attribute.I},{attribute.F},{attribute.S.ToStringUtf8()},{attribute.Ints}"));
        return Store.Kinds.Id($"{Operation} {part}{string.Join(' ', attributes)}");
    }
}
