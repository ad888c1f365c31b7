using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// A client's graph that stays as it is: only the shapes of what it sends are asked for, and the numbers that are made
/// of ids and lengths. Features begin at its end, with free labels.
/// </summary>
internal static class KeptRun
{
    /// <param name="part">The client's graph.</param>
    /// <param name="store">Where nodes of the expression graph are made; none for what is inside the graph.</param>
    /// <param name="flow">Is given what the graph hands on.</param>
    /// <param name="sizes">Lengths of free axes.</param>
    /// <param name="rules">Rules by operator; the runtime stands in for those that do not know a node.</param>
    /// <exception cref="RefusedException">A shape cannot be told.</exception>
    public static LabelledPart Execute(
        GraphPart part, NodeStore store, PartFlow flow, ProbeSizes sizes, Func<string, IOperatorRule?> rules)
    {
        var inside = new NodeStore(store.LongestRun, store.Kinds, store.MostScores, store.MostPlaces);
        var values = LabelRun.Values(
            part, inside, flow, sizes, name => rules(name) is { } rule ? new TriedRule(rule) : null);
        var ports = new List<LabelledPort>();
        foreach (var output in part.Graph.Output.Where(output => values[output.Name] is not KnownValue))
        {
            var shape = values[output.Name].Shape;
            int[] features = part.Sends.Contains(output.Name) && shape.Length > 0
                ? [SentAxis.Of(part.Graph, output, shape)]
                : [];
            int[] lengths = Array.ConvertAll(features, axis => shape[axis]);
            var kind = $"sent {part.Key}.{output.Name}";
            var nodes = store.FreshRun(store.Kinds.Id(kind), Shapes.Count(lengths));
            var port = new LabelledPort(output.Name, features, lengths, nodes);
            ports.Add(port);
            values[output.Name] = features.Length == 0
                ? FreeLabels.None(store, $"{kind} in its place", shape)
                : FreeLabels.Of(store, nodes, shape, features);
        }

        var done = new LabelledPart(part, [], [], ports);
        flow.Add(done, values, store);
        return done;
    }

    /// <summary>A rule that may be at a loss: then the node is run for its shape.</summary>
    private sealed class TriedRule(IOperatorRule rule) : IOperatorRule
    {
        public IEnumerable<string> Operators => rule.Operators;

        public void Apply(OperatorCall call)
        {
            try
            {
                rule.Apply(call);
            }
            catch (RefusedException e)
            {
                throw new NotSupportedException(e.Message, e);
            }
        }
    }
}
