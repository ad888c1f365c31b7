using System.Globalization;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules;

/// <summary>One node of the graph with the values of its inputs; a rule sets the values of its outputs.</summary>
internal sealed class OperatorCall(
    NodeProto node,
    string operation,
    Value?[] inputs,
    NodeStore store,
    IndexNodes indices,
    Func<GraphProto, Value[], Value[]> runInner)
{
    private readonly Value?[] _outputs = new Value?[node.Output.Count];

    /// <summary>Operator with its domain, the default domain left out.</summary>
    public string Operation { get; } = operation;

    public NodeStore Store { get; } = store;

    /// <summary>For each input the call that made it, where nothing else reads it and both are sums; chains of sums
    /// have no order.</summary>
    public OperatorCall?[] Before { get; init; } = [];

    /// <summary>Where weights are cut at places that come from shapes.</summary>
    public LengthCuts Cuts { get; init; } = new();

    /// <summary>Values around the node by name, which its inner graphs read; null for what there is not.</summary>
    public Func<string, Value?> Outer { get; init; } = _ => null;

    /// <summary>What computed indices point at.</summary>
    public IndexNodes Indices { get; } = indices;

    public IReadOnlyList<Value?> Inputs { get; } = inputs;

    public IReadOnlyList<Value?> Outputs => _outputs;

    public int OutputCount => _outputs.Length;

    /// <summary>True for operators that add, so that several in a row may be taken in any order.</summary>
    public bool IsSum => Operation == "Add"
        || (Operation is "ScatterElements" or "ScatterND" && Text("reduction", "none") == "add");

    /// <summary>Notes that this operator cuts a weight at a place that comes from shapes; true where it may be another
    /// place under other lengths.</summary>
    public bool CutsByLengths(IEnumerable<int> indices) => Cuts.Note(node, indices);

    /// <summary>An input that must be there.</summary>
    public Value Input(int index) => Optional(index)
        ?? throw new NotSupportedException($"{Operation} without input {index}");

    /// <summary>The graph's name of an input.</summary>
    public string NameOf(int index) => node.Input[index];

    public Value? Optional(int index) => index < Inputs.Count ? Inputs[index] : null;

    /// <summary>An input whose numbers are known.</summary>
    public KnownValue Known(int index) => Input(index) as KnownValue
        ?? throw new NotSupportedException($"{Operation} with input {index} that is computed");

    /// <summary>The labels of an input; those of numbers are constants.</summary>
    public LabelValue Labels(int index) => Labels(Input(index));

    public LabelValue Labels(Value value) => value switch
    {
        LabelValue labels => labels,
        FeatureMapValue map => map.WriteOut(),
        PlacedValue placed => placed.WriteOut(),
        KnownValue { IsRuntime: true } sent => new LabelValue(sent.Shape, Array.ConvertAll(
            sent.Numbers, number => Store.Ordered(Store.Kinds.Id("sent", sent.Trace), Store.Constant(number)))),
        KnownValue known => new LabelValue(known.Shape, Array.ConvertAll(known.Numbers, Store.Constant)),
        WeightValue weight => weight.Weight.WriteOut(weight),
        ScoresValue scores => Labels(scores.Written.Value.Outputs[0]!),
        _ => throw new NotSupportedException($"{Operation} of a list of tensors"),
    };

    /// <summary>An input as an initialiser or a view of one.</summary>
    public WeightValue Weight(int index) => Input(index) as WeightValue
        ?? throw new NotSupportedException($"{Operation} with input {index} that is no weight");

    /// <summary>A small list of integers, given as an attribute or as an input; null where neither is
    /// there.</summary>
    public int[]? List(string attribute, int input) =>
        Integers(attribute)?.Select(value => (int)Math.Clamp(value, int.MinValue, int.MaxValue)).ToArray()
        ?? (Optional(input) is null ? null : Known(input).Integers);

    /// <summary>Runs a graph that the operator holds; values around it can be read inside.</summary>
    public Value[] RunInner(string attribute, params Value[] given) => runInner(
        Attribute(attribute)?.G ?? throw new NotSupportedException($"{Operation} without {attribute}"), given);

    /// <summary>The same operator on other inputs.</summary>
    public OperatorCall On(IReadOnlyList<Value?> others) => new(node, Operation, [.. others], Store, Indices, runInner)
    {
        Cuts = Cuts,
        Outer = Outer,
        Before = Before,
    };

    /// <summary>The same operator on scores and pictures that are written out.</summary>
    public OperatorCall WrittenOut() => new(
        node,
        Operation,
        [.. Inputs.Select(input => input switch
        {
            ScoresValue scores => scores.Written.Value.Outputs[0],
            FeatureMapValue map => map.WriteOut(),
            PlacedValue placed => placed.WriteOut(),
            _ => input,
        })],
        Store,
        Indices,
        runInner)
    {
        Cuts = Cuts,
        Outer = Outer,
        Before = [.. Before.Zip(Inputs, (before, input) =>
            before is not null && input is ScoresValue scores ? scores.Written.Value : before)],
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
    /// A kind for this operator with its attributes and the inputs that it does without, so that two with different
    /// ones are never the same.
    /// </summary>
    public int Kind(string part = "")
    {
        var attributes = node.Attribute.Where(attribute => attribute.T is null && attribute.G is null)
            .OrderBy(attribute => attribute.Name, StringComparer.Ordinal)
            .Select(attribute => string.Create(
                CultureInfo.InvariantCulture,
                $"{attribute.Name}={attribute.I},{attribute.F},{attribute.S.ToStringUtf8()},{attribute.Ints}"
                + $"{attribute.Floats}{attribute.Strings}"));
        return Store.Kinds.Id($"{Operation} {part}{Missing()}{string.Join(' ', attributes)}");
    }

    // Only those before another: Clip without a least number is not Clip without a largest.
    private string Missing()
    {
        var last = inputs.Length - 1;
        while (last >= 0 && inputs[last] is null)
        {
            last--;
        }

        return string.Concat(Enumerable.Range(0, last + 1).Where(i => inputs[i] is null).Select(i => $"without {i} "));
    }
}
