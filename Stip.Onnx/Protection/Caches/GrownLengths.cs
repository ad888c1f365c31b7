using System.Text.Json;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection.Caches;

/// <summary>Lengths of caches that are one, whatever names a graph has for each: all caches grow by the rows of a step
/// from the first one on, unless something is cut off them.</summary>
internal static class GrownLengths
{
    /// <summary>Inputs with one name for the lengths of all caches; as they came where a cache is cut.</summary>
    /// <param name="inputs">Of the server's graph.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="functions">Functions that its nodes may call.</param>
    /// <param name="caches">Its caches.</param>
    public static IReadOnlyList<TensorManifest> Joined(
        IReadOnlyList<TensorManifest> inputs,
        GraphProto graph,
        IReadOnlyList<FunctionProto> functions,
        IReadOnlyList<CacheTensorManifest> caches)
    {
        var places = caches.Select(cache => (cache.Past, Axis: cache.Axes.ToList().FindIndex(
                axis => axis.ToString() == CacheTensorManifest.Length)))
            .Where(place => place.Axis >= 0).ToDictionary(place => place.Past, place => place.Axis);
        var lengths = inputs.Where(input => places.ContainsKey(input.Name))
            .Select(input => input.Shape[places[input.Name]]).DistinctBy(length => length.ToString()).ToArray();
        return lengths.Length < 2 || lengths.Any(length => length.ValueKind != JsonValueKind.String)
            || !AreWhole(graph, functions, caches.Where(cache => places.ContainsKey(cache.Past)))
            ? inputs
            : [.. inputs.Select(input => !places.TryGetValue(input.Name, out var axis) ? input : input with
            {
                Shape = [.. input.Shape.Select((length, place) => place == axis ? lengths[0] : length)],
            })];
    }

    private static bool AreWhole(
        GraphProto graph, IReadOnlyList<FunctionProto> functions, IEnumerable<CacheTensorManifest> caches)
    {
        var held = HeldTensors.Of(graph).DistinctBy(entry => entry.Name)
            .ToDictionary(entry => entry.Name, entry => entry.Tensor, StringComparer.Ordinal);
        var carried = CarriedInputs.Of(graph, functions, node => node.OpType == "Slice" && !BeginsInFront(node, held));
        return caches.All(cache => carried.GetValueOrDefault(cache.Present)?.Contains(cache.Past) == true);
    }

    // Keys and values in one tensor are parted so; what begins at a distance from the end is a window.
    private static bool BeginsInFront(NodeProto slice, Dictionary<string, TensorProto> held)
    {
        var starts = slice.Attribute.FirstOrDefault(attribute => attribute.Name == "starts")?.Ints
            .Select(start => (int)start).ToArray();
        if (starts is null && slice.Input.Count > 1 && held.TryGetValue(slice.Input[1], out var tensor)
            && tensor.DataLocation != TensorProto.Types.DataLocation.External)
        {
            starts = [.. TensorNumbers.Read(InlineData.Open(tensor.Name, tensor)).Integers];
        }

        return starts is not null && Array.TrueForAll(starts, start => start >= 0);
    }
}
