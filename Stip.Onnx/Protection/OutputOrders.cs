using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Stip.Keys.Bundles;
using Stip.Keys.Permutations;
using Stip.Onnx.Model;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection;

/// <summary>In what order the server gives what a client reads: the tensors of <c>output.safetensors</c>.</summary>
/// <param name="Sources">A vector for each output that moves.</param>
/// <param name="Axes">Along which axes of the output it stands, by its name, as <c>1</c> or <c>1,2</c>; those of the
/// last axis are left out.</param>
internal sealed record OutputOrders(
    IReadOnlyList<SafetensorsWriter.Source> Sources, IReadOnlyDictionary<string, string> Axes)
{
    /// <param name="plain">The plain model.</param>
    /// <param name="plans">What moves in a graph, by its key.</param>
    public static OutputOrders Of(PlainModel plain, Func<string, ProtectionPlan> plans)
    {
        var sources = new List<SafetensorsWriter.Source>();
        var axes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in plain.Parts.Where(part => !part.IsClient))
        {
            var plan = plans(part.Key);
            foreach (var output in GraphSignature.Outputs(part.Graph).Where(output => IsRead(plain, part, output.Name)))
            {
                var moved = plan.Outputs.GetValueOrDefault(output.Name);
                Add(sources, axes, plain, output, moved, output.Name == part.Logits);
            }
        }

        return new OutputOrders(sources, axes);
    }

    private static void Add(
        List<SafetensorsWriter.Source> sources,
        Dictionary<string, string> axes,
        PlainModel plain,
        TensorManifest output,
        PortPlan? plan,
        bool isLogits)
    {
        var isOfWords = isLogits && plain.Manifest.VocabSize > 0
            && plan is not { Permutation: not null, FeatureAxes.Count: > 1 };
        var name = isOfWords ? BundleManifest.VocabPermutationTensor
            : BundleManifest.OutputPermutationPrefix + output.Name;
        var moved = plan?.Permutation ?? (!isOfWords ? null
            : Permutation.Identity(Width(output) ?? plain.Manifest.VocabSize));

        // Two graphs may give the same words: their logits are joined, and one vector serves both.
        if (moved is null || sources.Exists(source => source.Name == name))
        {
            return;
        }

        sources.Add(SafetensorsWriter.Source.FromBytes(
            name, TensorDtype.Int32, Shape(output, plan, moved), MemoryMarshal.AsBytes(moved.Targets).ToArray()));
        if (plan is { Permutation: not null, FeatureAxes: { Count: > 0 } moving }
            && Rank(output, plan) is { } rank && !moving.SequenceEqual([rank - 1]))
        {
            axes.Add(name, string.Join(',', moving.Select(axis => axis.ToString(CultureInfo.InvariantCulture))));
        }
    }

    // A graph need not declare the shape of what it gives.
    private static int? Rank(TensorManifest output, PortPlan plan) =>
        output.Shape.Count > plan.FeatureAxes.Max() ? output.Shape.Count : plan.Rank;

    // What moves along several axes at once (queries and their classes) is a place among all of them, row-major.
    private static long[] Shape(TensorManifest output, PortPlan? plan, Permutation moved)
    {
        if (plan is not { Permutation: not null, FeatureAxes: { Count: > 1 } axes })
        {
            return [moved.Length];
        }

        long[] lengths = [.. axes.Select(axis => Length(output, axis) ?? 0)];
        return lengths.Aggregate(1L, (product, length) => product * length) == moved.Length ? lengths : [moved.Length];
    }

    // A classifier's logits are as wide as its labels are many, whatever its vocabulary.
    private static int? Width(TensorManifest output) => Length(output, output.Shape.Count - 1);

    private static int? Length(TensorManifest output, int axis) =>
        axis >= 0 && axis < output.Shape.Count && output.Shape[axis] is { ValueKind: JsonValueKind.Number } length
            ? length.GetInt32()
            : null;

    // Caches stay with the server, and what feeds another graph never reaches a user as an answer.
    private static bool IsRead(PlainModel plain, GraphPart part, string output) =>
        !output.StartsWith("present", StringComparison.Ordinal)
        && plain.Manifest.Graphs[part.Role].Cache?.Tensors?.Any(tensor => tensor.Present == output) != true
        && (output == part.Logits || plain.Joins.All(join => join.From != $"{part.Key}.{output}"));
}
