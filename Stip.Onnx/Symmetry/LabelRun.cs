using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules;
using Stip.Onnx.Symmetry.Values;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry;

/// <summary>Runs a graph on labels: what each cell is made of, instead of its number. Weights are never read.</summary>
internal sealed class LabelRun
{
    private const long MostKnownElements = 1 << 22;
    private readonly GraphPart _part;
    private readonly GraphProto _graph;
    private readonly NodeStore _store;
    private readonly Dictionary<string, Value> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _uses = new(StringComparer.Ordinal);
    private readonly List<WeightNodes> _weights = [];
    private readonly List<string> _unruled;

    private LabelRun(GraphPart part, NodeStore store, List<string> unruled)
    {
        _part = part;
        _graph = part.Graph;
        _store = store;
        _unruled = unruled;
    }

    /// <summary>Runs the graphs of a model one after the other; what feeds another comes before it.</summary>
    /// <param name="parts">The graphs.</param>
    /// <param name="joins">Which output feeds which input.</param>
    /// <param name="longestRun">Most cells that are treated as one.</param>
    /// <exception cref="RefusedException">A graph cannot be followed.</exception>
    public static LabelledGraph Execute(
        IReadOnlyList<GraphPart> parts, IReadOnlyList<PortJoin> joins, int longestRun = int.MaxValue)
    {
        var (store, unruled, flow) = (new NodeStore(longestRun), new List<string>(), new PartFlow(joins));
        var labelled = new List<LabelledPart>(parts.Count);
        foreach (var part in parts)
        {
            var run = new LabelRun(part, store, unruled);
            labelled.Add(run.Execute(flow));
            flow.Add(labelled[^1], run._values);
        }

        return new LabelledGraph(store, labelled, unruled);
    }

    private LabelledPart Execute(PartFlow flow)
    {
        CountUses();
        foreach (var tensor in _part.Tensors)
        {
            _values[tensor.Name] = Load(tensor);
        }

        var inputs = new ProbeInputs(_part, _store, flow);
        foreach (var input in _graph.Input.Where(input => !_values.ContainsKey(input.Name)))
        {
            _values[input.Name] = inputs.Make(input);
        }

        foreach (var node in _graph.Node)
        {
            Step(node);
        }

        return new LabelledPart(_part, _weights, inputs.Ports, OutputPorts.Join(_part, _values, _store));
    }

    private void CountUses()
    {
        var outputs = _graph.Output.Select(output => output.Name);
        foreach (var name in _graph.Node.SelectMany(node => node.Input).Concat(outputs))
        {
            _uses[name] = _uses.GetValueOrDefault(name) + 1;
        }
    }

    // Single numbers and integers steer the graph; everything else is a weight.
    private Value Load(GraphTensor tensor)
    {
        var isInteger = tensor.Type is DataType.Int64 or DataType.Int32 or DataType.Bool;
        if (tensor.ElementCount <= 1 || (isInteger && tensor.ElementCount <= MostKnownElements))
        {
            return TensorNumbers.Read(tensor);
        }

        var weight = new WeightNodes(_store, tensor, _part.Key);
        _weights.Add(weight);
        return weight.Whole();
    }

    private void Step(NodeProto node)
    {
        if (node.OpType == "Constant" && _values.ContainsKey(node.Output[0]))
        {
            return;
        }

        var operation = node.Domain is "" or "ai.onnx" ? node.OpType : $"{node.Domain}.{node.OpType}";
        var inputs = node.Input.Select(name => name.Length == 0 ? null : Find(node, name)).ToArray();
        var call = new OperatorCall(node, operation, inputs, _store);
        try
        {
            var rule = RuleRegistry.Find(operation) ?? throw new NotSupportedException($"{operation} has no rule");
            rule.Apply(call);
        }
        catch (NotSupportedException e)
        {
            _unruled.Add(e.Message);
            UnruledOperator.Pin(call, node, _graph);
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException or IndexOutOfRangeException
            or InvalidCastException or OverflowException or DivideByZeroException)
        {
            throw new RefusedException($"node '{node.Name}' ({operation}) does not fit its inputs: {e.Message}", e);
        }

        Keep(node, call.Outputs);
    }

    private Value Find(NodeProto node, string name) => _values.TryGetValue(name, out var value)
        ? value
        : throw new RefusedException(
            $"node '{node.Name}' ({node.OpType}) reads '{name}', which nothing before it makes");

    private void Keep(NodeProto node, IReadOnlyList<Value?> outputs)
    {
        foreach (var (name, value) in node.Output.Zip(outputs))
        {
            if (value is not null)
            {
                _values[name] = value;
            }
        }

        foreach (var name in node.Input.Where(name => name.Length > 0 && --_uses[name] == 0))
        {
            _values.Remove(name);
        }
    }
}
