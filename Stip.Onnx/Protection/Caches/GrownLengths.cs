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
            || !AreWhole(graph, functions, [.. caches.Where(cache => places.ContainsKey(cache.Past))], places)
            ? inputs
            : [.. inputs.Select(input => !places.TryGetValue(input.Name, out var axis) ? input : input with
            {
                Shape = [.. input.Shape.Select((length, place) => place == axis ? lengths[0] : length)],
            })];
    }

    private static bool AreWhole(
        GraphProto graph,
        IReadOnlyList<FunctionProto> functions,
        IReadOnlyList<CacheTensorManifest> caches,
        Dictionary<string, int> lengths)
    {
        var axes = new CarriedAxes(graph, caches.ToDictionary(cache => cache.Past, cache => cache.Axes.Count));
        var carried = CarriedInputs.Of(graph, functions, node => Cuts(node, axes, lengths));
        return caches.All(cache => carried.GetValueOrDefault(cache.Present)?.Contains(cache.Past) == true);
    }

    // Keys and values in one tensor are parted along an axis of their own; what leaves some of the length out is a
    // window.
    private static bool Cuts(NodeProto node, CarriedAxes axes, Dictionary<string, int> lengths)
    {
        if (node.OpType is not ("Slice" or "Split" or "Gather"))
        {
            return false;
        }

        if (axes.Of(node.Input[0]) is not { } cache)
        {
            // Where its length stands is not known: what begins at a distance from the end is taken for one.
            return node.OpType == "Slice"
                && (axes.Numbers(node, "starts", 1) is not { } begins || Array.Exists(begins, start => start < 0));
        }

        var length = Array.IndexOf(cache.Axes, lengths[cache.Input]);
        return length >= 0 && (node.OpType != "Slice"
            ? Shapes.Axis(CarriedAxes.AxisOf(node, 0), cache.Axes.Length) == length
            : LeavesOut(node, axes, length, cache.Axes.Length));
    }

    private static bool LeavesOut(NodeProto slice, CarriedAxes axes, int length, int rank)
    {
        var starts = axes.Numbers(slice, "starts", 1);
        var named = axes.Numbers(slice, "axes", 3)
            ?? (slice.Input.Count > 3 ? null : [.. Enumerable.Range(0, starts?.Length ?? rank)]);
        if (named is null)
        {
            return true;
        }

        // An end that is computed is the length itself.
        var place = Array.FindIndex(named, axis => Shapes.Axis(axis, rank) == length);
        return place >= 0 && (starts is null || starts[place] != 0
            || (axes.Numbers(slice, "ends", 2) is { } ends && ends[place] < int.MaxValue)
            || (axes.Numbers(slice, "steps", 4) is { } steps && steps[place] != 1));
    }
}
