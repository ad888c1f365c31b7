using Stip.Keys.Permutations;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Refinement;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Protection;

/// <summary>Every permutation of one protected graph: pure data, drawn once, applied by others.</summary>
/// <param name="Initializers">By name; those that stay as they are left out.</param>
/// <param name="Inputs">Float inputs by name.</param>
/// <param name="Outputs">Float outputs by name.</param>
internal sealed record ProtectionPlan(
    IReadOnlyDictionary<string, InitializerPlan> Initializers,
    IReadOnlyDictionary<string, PortPlan> Inputs,
    IReadOnlyDictionary<string, PortPlan> Outputs)
{
    /// <summary>The plan that moves nothing.</summary>
    public static ProtectionPlan Nothing { get; } = new(
        new Dictionary<string, InitializerPlan>(),
        new Dictionary<string, PortPlan>(),
        new Dictionary<string, PortPlan>());

    /// <summary>Reads the plan of a model of one graph off an automorphism of its labels.</summary>
    public static ProtectionPlan From(LabelledGraph graph, Automorphism targets) => From(graph.Parts.Single(), targets);

    /// <summary>Reads the plan of one graph off an automorphism of the labels of all.</summary>
    public static ProtectionPlan From(LabelledPart graph, Automorphism targets)
    {
        var roots = graph.Weights.ToDictionary(weight => weight.Root);

        // Many axes move alike, and a deep model has many.
        var known = new HashSet<Permutation>();
        var initializers = graph.Weights.Select(weight => From(weight, roots[targets[weight.Root]], targets, known))
            .Where(plan => !plan.MovesNothing);
        return new ProtectionPlan(
            initializers.ToDictionary(plan => plan.Name, StringComparer.Ordinal),
            graph.Inputs.ToDictionary(port => port.Name, port => From(port, targets, known), StringComparer.Ordinal),
            graph.Outputs.ToDictionary(port => port.Name, port => From(port, targets, known), StringComparer.Ordinal));
    }

    /// <summary>What happens to an initialiser, by its name.</summary>
    public InitializerPlan Of(GraphTensor tensor) => Initializers.TryGetValue(tensor.Name, out var plan)
        ? plan
        : new InitializerPlan(tensor.Name, tensor.Name, new Permutation?[tensor.Shape.Length]);

    private static InitializerPlan From(
        WeightNodes source, WeightNodes holder, Automorphism targets, HashSet<Permutation> known)
    {
        var axes = new Permutation?[source.Shape.Length];
        for (var axis = 0; axis < axes.Length; axis++)
        {
            if (source.AxisOrNull(axis) is { } from && holder.AxisOrNull(axis) is { } to)
            {
                axes[axis] = Between(from, to, targets, known);
            }
        }

        return new InitializerPlan(holder.Tensor.Name, source.Tensor.Name, axes, source.Layout);
    }

    private static PortPlan From(LabelledPort port, Automorphism targets, HashSet<Permutation> known)
    {
        var whole = Between(port.Nodes, port.Nodes, targets, known);
        return whole is not null && port.FeatureAxes.Length > 1
            && MovedAxis.Find(whole, port.FeatureShape) is var (axis, along)
            ? new PortPlan(port.Name, [port.FeatureAxes[axis]], Shared(along, known)) { Rank = port.Rank }
            : new PortPlan(port.Name, port.FeatureAxes, whole) { Rank = port.Rank };
    }

    private static Permutation? Between(int[] from, int[] to, Automorphism targets, HashSet<Permutation> known)
    {
        // The nodes of an axis or a port are made at once, so their labels are in a row, in whatever order.
        var first = to.Length == 0 ? 0 : to.Min();
        var places = new int[to.Length];
        for (var place = 0; place < places.Length; place++)
        {
            places[to[place] - first] = place;
        }

        var permutation = Permutation.FromTargets(Array.ConvertAll(from, node => places[targets[node] - first]));
        return permutation.IsIdentity ? null : Shared(permutation, known);
    }

    private static Permutation Shared(Permutation permutation, HashSet<Permutation> known)
    {
        if (known.TryGetValue(permutation, out var one))
        {
            return one;
        }

        known.Add(permutation);
        return permutation;
    }
}
