using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>An operator that no rule covers: every cell that goes in or comes out stays where it is.</summary>
internal static class UnruledOperator
{
    // Their weights lie in blocks whose length no file states: it is that of the processor that optimised.
    private const string Blocked = "com.microsoft.nchwc.";

    /// <summary>Why an operator holds what it touches, and what helps where something does.</summary>
    /// <param name="operation">The operator.</param>
    /// <param name="node">The name of its node, null where it is not told.</param>
    public static string Reason(string operation, string? node = null) =>
        operation + (node is null ? "" : $" (node '{node}')") + " has no rule" + (
            operation.StartsWith(Blocked, StringComparison.Ordinal)
                ? ": the last level of ONNX Runtime's optimisation fits one kind of processor; give the graph as it "
                    + "was, or optimised to the level before"
                : "");

    /// <param name="call">The operator.</param>
    /// <param name="node">Its node.</param>
    /// <param name="reason">Why, for the report.</param>
    /// <param name="variant">What of the operator has no rule; null for all of it.</param>
    /// <param name="declaredShape">The shape that the graph states for an output, null where it states none.</param>
    /// <param name="run">The outputs as the runtime gives them.</param>
    /// <exception cref="RefusedException">The shape of an output is unknown, so that nothing after it can be
    /// followed.</exception>
    public static void Pin(
        OperatorCall call,
        NodeProto node,
        string reason,
        string? variant,
        Func<string, int[]?> declaredShape,
        Func<IReadOnlyList<HostTensor?>> run)
    {
        if (NodeReads.InnerGraphs(node).Any())
        {
            throw new RefusedException($"operator {call.Operation} (node '{node.Name}') holds a graph of its own and "
                + $"cannot be followed: {variant ?? "it has no rule"}");
        }

        foreach (var input in call.Inputs)
        {
            Hold(call, input, reason);
        }

        // Nobody knows whether an index is handed on here or used as a number.
        IndexUse.Guard(call.Inputs, call.Store, call.Indices);
        var tried = new Lazy<IReadOnlyList<HostTensor?>>(run);
        for (var output = 0; output < node.Output.Count; output++)
        {
            if (node.Output[output].Length > 0)
            {
                var shape = declaredShape(node.Output[output]) ?? ShapeOf(call, node, variant, tried, output);
                call.Set(output, Opaque(call, node.Output[output], shape));
            }
        }
    }

    private static int[] ShapeOf(
        OperatorCall call, NodeProto node, string? variant, Lazy<IReadOnlyList<HostTensor?>> tried, int output)
    {
        try
        {
            return [.. tried.Value[output]!.Shape.Select(length => checked((int)length))];
        }
        catch (RefusedException e)
        {
            // With a reason inside: other sizes of the run may fit.
            throw new RefusedException(
                $"operator {call.Operation} (node '{node.Name}') is not supported"
                + (variant is null ? "" : $" ({variant})")
                + ", and neither the graph nor the runtime says what shape it gives", e.InnerException ?? e);
        }
    }

    /// <summary>Holds every cell of a value where it is; of many positions that are one vector, the vector.</summary>
    public static void Hold(OperatorCall call, Value? input, string reason)
    {
        switch (input)
        {
            case WeightValue weight:
                foreach (var axis in weight.Axes)
                {
                    axis.Pin(reason);
                }

                Hold(call.Store, [weight.Weight.Root], reason);
                break;
            case SequenceValue list:
                foreach (var item in list.Items)
                {
                    Hold(call, item, reason);
                }

                break;
            case ScoresValue scores:
                Hold(call, scores.Written.Value.Outputs[0], reason);
                break;
            case FeatureMapValue map:
                Hold(call.Store, [.. map.Columns.SelectMany(column => column).Distinct()], reason);
                break;
            case PlacedValue placed:
                Hold(call.Store, [.. placed.Labels.Distinct()], reason);
                break;
            case LabelValue labels:
                Hold(call.Store, [.. labels.Labels.Distinct()], reason);
                break;
        }
    }

    // The number of the node makes a kind that no other node has.
    private static void Hold(NodeStore store, int[] labels, string reason) =>
        CellWise.Ordered(
            store, store.Kinds.Id(PinKinds.Prefix + reason, store.Count), labels, store.Places(labels.Length));

    private static LabelValue Opaque(OperatorCall call, string output, int[] shape)
    {
        // Passes of a loop and calls of a function give values of one name that are not the same.
        var kind = call.Store.Kinds.Id($"opaque {output}", call.Store.Count);
        return new LabelValue(shape, CellWise.Ordered(call.Store, kind, call.Store.Places(Shapes.Count(shape))));
    }
}
