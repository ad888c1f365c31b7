using System.Text.Json;
using Google.Protobuf.Collections;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using Stip.Protocol.Packages;
using Dimension = Stip.Onnx.Model.TensorShapeProto.Types.Dimension;

namespace Stip.Onnx.Protection.Caches;

/// <summary>Which axis of a cache grows, which counts sequences, and how long the others are.</summary>
/// <param name="batches">Names of axes that count sequences.</param>
/// <param name="known">Lengths of axes that have a name and are told otherwise.</param>
internal sealed class CacheAxes(IReadOnlySet<string> batches, IReadOnlyDictionary<string, int> known)
{
    private const int LeastRank = 3;

    /// <summary>True where an output may be the input one step later.</summary>
    public static bool AreAlike(ValueInfoProto past, ValueInfoProto present)
    {
        var (before, after) = (Dims(past), Dims(present));
        return past.Type?.TensorType?.ElemType == present.Type?.TensorType?.ElemType && before.Count >= LeastRank
            && (after.Count == 0 || (before.Count == after.Count && before.Zip(after).All(
                pair => !ProbeSizes.IsFixed(pair.First) || !ProbeSizes.IsFixed(pair.Second)
                    || pair.First.DimValue == pair.Second.DimValue)));
    }

    /// <summary>The axes as manifests state them; null where none grows, or a length is told by nothing.</summary>
    public IReadOnlyList<JsonElement>? Of(ValueInfoProto past, ValueInfoProto present)
    {
        var (before, after) = (Dims(past), Dims(present));
        var free = Enumerable.Range(0, before.Count).Where(axis => LengthOf(before[axis]) is null).ToList();
        var growing = after.Count == 0 ? [.. free] : free.FindAll(axis => !IsSame(before[axis], after[axis]));
        int? batch = free.Where(axis => batches.Contains(before[axis].DimParam)).Select(axis => (int?)axis)
            .FirstOrDefault();
        if (growing.Count > 1)
        {
            growing.Remove(batch ?? growing[0]);
        }

        if (growing is not [var length])
        {
            return null;
        }

        free.Remove(length);
        return free.Count > 1 ? null :
        [
            .. before.Select((axis, i) => i == length ? Word(CacheTensorManifest.Length)
                : free.Contains(i) ? Word(CacheTensorManifest.Batch)
                : JsonSerializer.SerializeToElement(LengthOf(axis)!.Value)),
        ];
    }

    private int? LengthOf(Dimension axis) =>
        ProbeSizes.IsFixed(axis) ? axis.DimValue is > 0 and <= int.MaxValue and var given ? (int)given : null
        : known.TryGetValue(axis.DimParam, out var length) ? length : null;

    private static bool IsSame(Dimension one, Dimension other) =>
        !ProbeSizes.IsFixed(other) && one.DimParam.Length > 0 && one.DimParam == other.DimParam;

    private static JsonElement Word(string word) => JsonSerializer.SerializeToElement(word);

    private static RepeatedField<Dimension> Dims(ValueInfoProto value) =>
        value.Type?.TensorType?.Shape?.Dim ?? [];
}
