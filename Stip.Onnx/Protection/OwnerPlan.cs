using Stip.Keys.Owner;
using Stip.Keys.Permutations;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Protection;

/// <summary>Between a plan and the owner's key files: permutations that occur often are stored once.</summary>
internal static class OwnerPlan
{
    public static (IReadOnlyList<GraphKeys> Keys, IReadOnlyList<Permutation> Permutations) ToKeys(
        IReadOnlyDictionary<string, ProtectionPlan> plans)
    {
        var numbers = new Dictionary<Permutation, int>();
        var keys = plans.OrderBy(plan => plan.Key, StringComparer.Ordinal)
            .Select(plan => new GraphKeys(
                plan.Key,
                [.. plan.Value.Initializers.Values.Select(entry => new AxisKeys(
                    entry.Name, entry.Source, [.. entry.Axes.Select(Number)], Packed(entry.Layout)))],
                [.. plan.Value.Inputs.Values.Select(Port)],
                [.. plan.Value.Outputs.Values.Select(Port)]))
            .ToArray();
        return (keys, [.. numbers.OrderBy(entry => entry.Value).Select(entry => entry.Key)]);

        PortKeys Port(PortPlan port) => new(port.Name, port.FeatureAxes, Number(port.Permutation), port.Rank);

        int? Number(Permutation? permutation)
        {
            if (permutation is null)
            {
                return null;
            }

            numbers.TryAdd(permutation, numbers.Count);
            return numbers[permutation];
        }
    }

    public static ProtectionPlan FromKeys(GraphKeys keys, IReadOnlyList<Permutation> permutations)
    {
        return new ProtectionPlan(
            keys.Initializers.ToDictionary(
                entry => entry.Name,
                entry => new InitializerPlan(
                    entry.Name, entry.Source, [.. entry.Axes.Select(Find)], Layout(entry.Packed)),
                StringComparer.Ordinal),
            keys.Inputs.ToDictionary(port => port.Name, Port, StringComparer.Ordinal),
            keys.Outputs.ToDictionary(port => port.Name, Port, StringComparer.Ordinal));

        PortPlan Port(PortKeys port) =>
            new(port.Name, port.FeatureAxes, Find(port.Permutation)) { Rank = port.Rank };

        Permutation? Find(int? number) => number is not { } index ? null
            : index >= 0 && index < permutations.Count ? permutations[index]
            : throw new InvalidDataException(
                $"the owner's keys name permutation {index} of 0..{permutations.Count - 1}");
    }

    private static PackedKeys? Packed(PackedLayout? layout) =>
        layout is null ? null : new PackedKeys(layout.Shape, layout.Bits, layout.PadsRows);

    private static PackedLayout? Layout(PackedKeys? packed) =>
        packed is null ? null : new PackedLayout([.. packed.Shape], packed.Bits, packed.PadsRows);
}
