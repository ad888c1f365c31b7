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
    private readonly NodeStore _store;
    private readonly List<WeightNodes> _weights = [];
    private readonly List<string> _unruled;
    private readonly LengthCuts _cuts;

    private LabelRun(GraphPart part, NodeStore store, List<string> unruled, LengthCuts cuts)
    {
        _cuts = cuts;
        _part = part;
        _store = store;
        _unruled = unruled;
    }

    /// <summary>Runs the graphs of a model one after the other, each at the first sizes that fit; what feeds another
    /// comes before it.</summary>
    /// <param name="parts">The graphs.</param>
    /// <param name="joins">Which output feeds which input.</param>
    /// <param name="longestRun">Most cells that are treated as one.</param>
    /// <param name="mostScores">Most products of queries and keys that are written out.</param>
    /// <param name="mostPlaces">Most positions of a picture that are written out.</param>
    /// <param name="rules">Rules by operator; null for those of the registry.</param>
    /// <param name="mostEdges">Most that nodes hang on, all together; null for what memory allows.</param>
    /// <exception cref="RefusedException">A graph cannot be followed.</exception>
    public static LabelledGraph Execute(
        IReadOnlyList<GraphPart> parts,
        IReadOnlyList<PortJoin> joins,
        int longestRun = int.MaxValue,
        int mostScores = NodeStore.DefaultScores,
        int mostPlaces = NodeStore.DefaultPlaces,
        Func<string, IOperatorRule?>? rules = null,
        int? mostEdges = null) =>
        new SizedRuns(
            parts, joins, longestRun, (mostScores, mostPlaces, mostEdges), rules ?? RuleRegistry.Find).Execute();

    /// <summary>Runs one graph.</summary>
    /// <param name="part">The graph.</param>
    /// <param name="store">Where nodes of the expression graph are made.</param>
    /// <param name="unruled">Is given the operators that pin what they touch.</param>
    /// <param name="cuts">Is given where weights are cut at places that come from shapes.</param>
    /// <param name="flow">What graphs before it gave.</param>
    /// <param name="sizes">Lengths of free axes.</param>
    /// <param name="rules">Rules by operator.</param>
    public static LabelledPart Execute(
        GraphPart part,
        NodeStore store,
        List<string> unruled,
        LengthCuts cuts,
        PartFlow flow,
        ProbeSizes sizes,
        Func<string, IOperatorRule?> rules) =>
        new LabelRun(part, store, unruled, cuts).Execute(flow, sizes, rules);

    /// <summary>The values that a graph gives, without a place among the parts of a model.</summary>
    public static Scope Values(
        GraphPart part, NodeStore store, PartFlow flow, ProbeSizes sizes, Func<string, IOperatorRule?> rules)
    {
        var run = new LabelRun(part, store, [], new LengthCuts());
        return run.Walk(new ProbeInputs(part, store, flow, sizes), sizes, rules).Scope;
    }

    private LabelledPart Execute(PartFlow flow, ProbeSizes sizes, Func<string, IOperatorRule?> rules)
    {
        var inputs = new ProbeInputs(_part, _store, flow, sizes);
        var (scope, pointing) = Walk(inputs, sizes, rules);
        var outputs = OutputPorts.Join(
            _part, scope, pointing, _store, sizes, _cuts, output => flow.IsJoined(_part, output));
        KeptStates.Tie(inputs.Ports, outputs, _part.States, _store);
        var done = new LabelledPart(_part, _weights, inputs.Ports, outputs);
        flow.Add(done, scope, _store);
        return done;
    }

    private (Scope Scope, IReadOnlyDictionary<string, int[][]> Pointing) Walk(
        ProbeInputs inputs, ProbeSizes sizes, Func<string, IOperatorRule?> rules)
    {
        var graph = _part.Graph;
        var (steering, integers) = (SteeringNumbers.Of(_part.Model), IntegerWeights.Of(_part.Model));
        var written = BlankTensors.Written(_part.Model);
        var tensors = _part.Tensors.ToDictionary(
            tensor => tensor.Proto,
            tensor => steering.Contains(tensor.Proto) || (written.Contains(tensor.Proto)
                && tensor.ElementCount <= MostKnownElements && BlankTensors.IsBlank(tensor))
                ? TensorNumbers.Read(tensor)
                : Load(tensor, integers.Contains(tensor.Proto)),
            (IEqualityComparer<TensorProto>)ReferenceEqualityComparer.Instance);
        var scope = new Scope(graph.ValueInfo.Concat(graph.Output));
        var initializers = graph.Initializer.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var input in graph.Input.Where(input => !initializers.Contains(input.Name)))
        {
            scope[input.Name] = inputs.Make(input);
        }

        var walk = new GraphWalk(_part.Model, _store, tensors, sizes, rules, _unruled, _cuts)
        {
            Held = _part.Held,
        };
        return (scope, walk.RunWhole(graph, scope));
    }

    // Single numbers and integers steer the graph; everything else is a weight.
    private Value Load(GraphTensor tensor, bool isIntegerWeight)
    {
        var isInteger = tensor.Type is DataType.Int64 or DataType.Int32 or DataType.Bool && !isIntegerWeight;
        var isSmall = tensor.ElementCount <= 1 && ElementTypes.Bits(tensor.Type) >= 8;
        if (isSmall || (isInteger && tensor.ElementCount <= MostKnownElements))
        {
            return TensorNumbers.Read(tensor);
        }

        var weight = new WeightNodes(_store, tensor, _part.Key);
        _weights.Add(weight);
        return weight.Whole();
    }
}
