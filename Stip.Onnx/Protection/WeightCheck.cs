using Stip.Onnx.Model;
using Stip.Onnx.Protection.Rounding;
using Stip.Onnx.Protection.Tables;

namespace Stip.Onnx.Protection;

/// <summary>
/// Compares weights byte by byte with what the keys say. Outputs alone do not show everything: a key bias without
/// rotary
/// embedding cancels in the softmax.
/// </summary>
internal static class WeightCheck
{
    /// <summary>
    /// Name of the first initialiser that holds other bytes than it should, null where all are right.
    /// </summary>
    public static string? FirstMisplaced(PlainModel plain, ProtectedModel package) => plain.Parts
        .Select(part => !package.Has(part) ? TableCheck.FirstMisplaced(plain, part, package) : FirstMisplaced(
            part, package.PathOf(part), package.PlanOf(part.Key), PackageRounder.KindOf(package.Package)))
        .FirstOrDefault(name => name is not null);

    private static string? FirstMisplaced(
        GraphPart plain, string path, ProtectionPlan plan, WeightRounding kind)
    {
        using var moved = ModelFile.Load(path);
        var rounded = new RoundedWeightCheck(kind, plain, moved);
        var sources = plain.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        var order = new SentOrder(plain, plan);
        foreach (var tensor in moved.Tensors)
        {
            if (order.IsRight(tensor) is { } isRight)
            {
                if (!isRight)
                {
                    return tensor.Name;
                }

                continue;
            }

            var step = plan.Of(tensor);
            if (rounded.Has(tensor.Name))
            {
                if (!rounded.IsRight(tensor, sources.GetValueOrDefault(step.Source)!, step))
                {
                    return tensor.Name;
                }

                continue;
            }

            if (!sources.TryGetValue(step.Source, out var source) || !source.Shape.SequenceEqual(tensor.Shape))
            {
                return tensor.Name;
            }

            using var check = new ComparingStream(tensor.ByteLength, tensor.Bytes);
            PermutedCopy.Write(source, step, check);
            if (!check.IsEqual)
            {
                return tensor.Name;
            }
        }

        return moved.Tensors.Count == sources.Count + rounded.AddedTensors + order.Count ? null : "(one is missing)";
    }
}
