using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules;
using Stip.Onnx.Symmetry.Rules.Attention;
using Stip.Onnx.Symmetry.Rules.Convolutions;
using Stip.Onnx.Symmetry.Rules.Places;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>Runs nodes on labels, one after the other; inner graphs and functions are followed.</summary>
/// <param name="model">The model with its functions.</param>
/// <param name="store">Where nodes of the expression graph are made.</param>
/// <param name="tensors">Values of the tensors that the model carries.</param>
/// <param name="sizes">Lengths of free axes.</param>
/// <param name="rules">Rules by operator.</param>
/// <param name="unruled">Is given the operators that pin what they touch, with the reason.</param>
/// <param name="cuts">Is given where weights are cut at places that come from shapes.</param>
internal sealed class GraphWalk(
    ModelProto model,
    NodeStore store,
    IReadOnlyDictionary<TensorProto, Value> tensors,
    ProbeSizes sizes,
    Func<string, IOperatorRule?> rules,
    List<string> unruled,
    LengthCuts cuts)
{
    private const int MostNested = 32;

    // Functions that call functions twice each.
    private const int MostCalls = 1 << 15;
    private readonly Dictionary<(string Domain, string Name, string Overload), FunctionProto> _functions =
        model.Functions.GroupBy(function => (Domain(function.Domain), function.Name, function.Overload))
            .ToDictionary(group => group.Key, group => group.First());

    private readonly IndexNodes _indices = new();
    private readonly Dictionary<(Scope Scope, string Name), OperatorCall> _sums = [];
    private int _nested;
    private int _calls;

    /// <summary>Nodes, by their first output, that are treated as if there were no rule for them.</summary>
    public IReadOnlySet<string> Held { get; init; } = new HashSet<string>();

    /// <summary>Runs a whole graph whose inputs the scope holds already; outputs that are pictures stay so.</summary>
    /// <returns>Outputs that are indices: what stands at the places that each cell may point at.</returns>
    public IReadOnlyDictionary<string, int[][]> RunWhole(GraphProto graph, Scope scope)
    {
        Follow(graph, scope);
        var ties = new RankedTies(graph);
        var pointing = graph.Output.Select(output => (
                output.Name, Places: IndexUse.PlacesOf(output, scope.Find(output.Name), _indices)))
            .Where(output => output.Places is not null && !ties.AreLikely(output.Name))
            .ToDictionary(output => output.Name, output => output.Places!, StringComparer.Ordinal);
        var others = graph.Output.Where(output => !pointing.ContainsKey(output.Name));
        IndexUse.Guard(others.Select(output => scope.Find(output.Name)), store, _indices);
        return pointing;
    }

    private void Run(GraphProto graph, Scope scope)
    {
        Follow(graph, scope);
        foreach (var name in graph.Output.Select(output => output.Name))
        {
            if (scope.Find(name) is { } value)
            {
                scope[name] = value switch
                {
                    FeatureMapValue map => map.WriteOut(),
                    PlacedValue placed => placed.WriteOut(),
                    _ => value,
                };
            }
        }

        IndexUse.Guard(graph.Output.Select(output => scope.Find(output.Name)), store, _indices);
    }

    private void Follow(GraphProto graph, Scope scope)
    {
        foreach (var tensor in graph.Initializer)
        {
            scope[tensor.Name] = tensors[tensor];
        }

        scope.Expect(graph.Output.Select(output => output.Name));
        Run(graph.Node, scope);
        foreach (var output in graph.Output)
        {
            if (scope.Find(output.Name) is ScoresValue scores)
            {
                scope[output.Name] = scores.Written.Value.Outputs[0]!;
            }
        }
    }

    private void Run(IReadOnlyCollection<NodeProto> nodes, Scope scope)
    {
        scope.Expect(nodes.SelectMany(NodeReads.Of));
        foreach (var node in nodes)
        {
            Step(node, scope);
            scope.Release(NodeReads.Of(node));
        }
    }

    private void Step(NodeProto node, Scope scope)
    {
        if (HeldTensors.ValueOf(node) is { } tensor)
        {
            scope[node.Output[0]] = tensors.TryGetValue(tensor, out var value)
                ? value
                : TensorNumbers.Read(InlineData.Open(node.Output[0], tensor));
            return;
        }

        var operation = Domain(node.Domain).Length == 0 ? node.OpType : $"{node.Domain}.{node.OpType}";
        var inputs = node.Input.Select(name => name.Length == 0 ? null : Find(node, name, scope)).ToArray();
        var call = new OperatorCall(
            node, operation, inputs, store, _indices, (graph, given) => Inner(graph, given, scope))
        {
            Cuts = cuts,
            Outer = scope.Find,
            Before = [.. node.Input.Select(name => _sums.Remove((scope, name), out var before) ? before : null)],
        };
        try
        {
            if (!IsHeld(node)
                && _functions.TryGetValue((Domain(node.Domain), node.OpType, node.Overload), out var function))
            {
                CallFunction(call, node, function);
            }
            else
            {
                Apply(call, node, scope);
            }
        }
        catch (TooManyNodesException)
        {
            var shapes = call.Inputs.OfType<Value>().Select(value => $"[{string.Join(',', value.Shape)}]");
            throw TooManyNodesException.Refusal($"node '{node.Name}' ({operation}) on {string.Join(" and ", shapes)}");
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException or IndexOutOfRangeException
            or InvalidCastException or InvalidOperationException or OverflowException or DivideByZeroException)
        {
            throw new RefusedException(
                $"node '{node.Name}' ({operation}) does not fit its inputs: {e.Message}",
                MisfitException.Of(node.Output[0], call, e));
        }

        foreach (var (place, (name, value)) in node.Output.Zip(call.Outputs).Index()
            .Where(entry => entry.Item.Second is not null))
        {
            scope[name] = Traces.Of(call, value!, place);
        }

        if (call.IsSum && scope.UsesLeft(node.Output[0]) == 1)
        {
            _sums[(scope, node.Output[0])] = call;
        }
    }

    private void Apply(OperatorCall call, NodeProto node, Scope scope)
    {
        if (!IsHeld(node) && Kept() is { } kept)
        {
            IndexUse.Guard(call);
            call.Set(0, kept);
            return;
        }

        if (call.Inputs.Any(input => input is ScoresValue or FeatureMapValue or PlacedValue))
        {
            foreach (var (place, value) in Write().Outputs.Index().Where(entry => entry.Item is not null))
            {
                call.Set(place, value!);
            }

            return;
        }

        Execute(call, node, scope);

        Value? Kept()
        {
            try
            {
                return (IsUsual() ? FeatureMapSteps.Follow(call) ?? PlacedSteps.Follow(call) : null)
                    ?? ScoreSteps.Follow(call, Write);
            }
            catch (Exception fault) when (fault is NotSupportedException or InvalidDataException or ArgumentException
                or IndexOutOfRangeException or InvalidCastException)
            {
                // It is written out, and judged there.
                return null;
            }
        }

        // A rule that was replaced decides for itself.
        bool IsUsual() => ReferenceEquals(rules(call.Operation), RuleRegistry.Find(call.Operation));

        OperatorCall Write()
        {
            var written = call.WrittenOut();
            Execute(written, node, scope);
            return written;
        }
    }

    private void Execute(OperatorCall call, NodeProto node, Scope scope)
    {
        try
        {
            var rule = IsHeld(node) ? throw new NotSupportedException(HeldReason(node))
                : rules(call.Operation) ?? throw new NotSupportedException(UnruledOperator.Reason(call.Operation));
            IndexUse.Guard(call);
            rule.Apply(call);
        }
        catch (NotSupportedException e)
        {
            if (TrialRun.Numbers(model, node, call.Inputs) is { } numbers)
            {
                foreach (var (output, number) in numbers.Index().Where(entry => entry.Item is not null))
                {
                    call.Set(output, number!);
                }

                return;
            }

            unruled.Add(e.Message);
            UnruledOperator.Pin(
                call,
                node,
                IsHeld(node) ? HeldReason(node) : UnruledOperator.Reason(call.Operation, node.Name),
                e.Message == UnruledOperator.Reason(call.Operation) ? null : e.Message,
                name => scope.Declared(name) is { } value ? sizes.Shape(value) : null,
                () => TrialRun.Run(model, node, call.Inputs));
        }
    }

    private bool IsHeld(NodeProto node) => Held.Count > 0 && node.Output.Any(Held.Contains);

    private static string HeldReason(NodeProto node) =>
        $"node '{node.Name}' ({node.OpType}) is held: with it moving, the package differed";

    private static Value Find(NodeProto node, string name, Scope scope) => scope.Find(name)
        ?? throw new RefusedException(
            $"node '{node.Name}' ({node.OpType}) reads '{name}', which nothing before it makes");

    private Value[] Inner(GraphProto graph, Value[] inputs, Scope outer)
    {
        var scope = new Scope(graph.ValueInfo.Concat(graph.Output), outer);
        foreach (var (input, value) in graph.Input.Zip(inputs))
        {
            scope[input.Name] = value;
        }

        Run(graph, scope);
        return [.. graph.Output.Select(output => scope[output.Name])];
    }

    private void CallFunction(OperatorCall call, NodeProto node, FunctionProto function)
    {
        if (++_nested > MostNested)
        {
            throw new RefusedException($"function {function.Name} calls itself");
        }

        if (++_calls > MostCalls)
        {
            throw new RefusedException(
                $"more than {MostCalls} calls of functions, the last of '{function.Name}' (node '{node.Name}')");
        }

        var scope = new Scope(function.ValueInfo);
        foreach (var (input, value) in function.Input.Zip(call.Inputs).Where(entry => entry.Second is not null))
        {
            scope[input] = value!;
        }

        scope.Expect(function.Output);
        Run([.. function.Node.Select(inner => FunctionAttributes.Resolve(inner, node, function))], scope);
        foreach (var (name, output) in function.Output.Select((name, output) => (name, output)))
        {
            call.Set(output, scope[name]);
        }

        _nested--;
    }

    private static string Domain(string domain) => domain == "ai.onnx" ? "" : domain;
}
