using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>An operator that no rule covers: every cell that goes in or comes out stays where it is.</summary>
internal static class UnruledOperator
{
    /// <exception cref="RefusedException">The shape of an output is unknown, so that nothing after it can be
    /// followed.</exception>
    public static void Pin(OperatorCall call, NodeProto node, GraphProto graph)
    {
        var reason = $"{call.Operation} has no rule";
        if (node.Attribute.Any(attribute => attribute.G is not null || attribute.Graphs.Count > 0))
        {
            throw new RefusedException(
                $"operator {call.Operation} (node '{node.Name}') holds a graph of its own, which is not supported yet");
        }

        foreach (var input in call.Inputs)
        {
            PinInput(call, input, reason);
        }

        for (var output = 0; output < node.Output.Count; output++)
        {
            if (node.Output[output].Length > 0)
            {
                call.Set(output, Opaque(call, node, node.Output[output], graph));
            }
        }
    }

    private static void PinInput(OperatorCall call, Value? input, string reason)
    {
        if (input is WeightValue weight)
        {
            foreach (var axis in weight.Axes.Where(axis => axis.IsIndexed))
            {
                axis.Weight.Pin(axis.Source, reason);
            }

            Hold(call.Store, [weight.Weight.Root], reason);
        }

        if (input is LabelValue labels)
        {
            Hold(call.Store, [.. labels.Labels.Distinct()], reason);
        }
    }

    // The number of the node makes a kind that no other node has.
    private static void Hold(NodeStore store, int[] labels, string reason) =>
        CellWise.Ordered(
            store, store.Kinds.Id(PinKinds.Prefix + reason, store.Count), labels, store.Places(labels.Length));

    private static LabelValue Opaque(OperatorCall call, NodeProto node, string output, GraphProto graph)
    {
        var shape = graph.ValueInfo.Concat(graph.Output).FirstOrDefault(value => value.Name == output) is { } declared
            ? ProbeSizes.Shape(declared)
            : null;
        if (shape is null)
        {
            throw new RefusedException(
                $"operator {call.Operation} (node '{node.Name}') is not supported, "
                + "and the graph does not say what shape it gives");
        }

        var kind = call.Store.Kinds.Id($"opaque {output}");
        return new LabelValue(shape, CellWise.Ordered(call.Store, kind, call.Store.Places(Shapes.Count(shape))));
    }
}
