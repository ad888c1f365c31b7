using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Symmetry.Rules.Picking;

/// <summary>Reads and writes at places that are computed (experts of a token, tokens of an expert).</summary>
internal static class PickByIndex
{
    /// <summary>The labels read by an index, one for every lane.</summary>
    /// <param name="call">The operator.</param>
    /// <param name="index">Node of the index.</param>
    /// <param name="options">What stands at each place, lane by lane.</param>
    public static int[] Read(OperatorCall call, int index, int[][] options)
    {
        var picked = call.Store.Kinds.Id("picked");
        if (PlacesOf(call, index, options.Length) is not { } places)
        {
            return CellWise.Ordered(call.Store, picked, [[index], .. options]);
        }

        var kind = call.Store.Kinds.Id("at place");
        int[][] pairs = [.. options.Select((option, i) =>
            CellWise.Ordered(call.Store, kind, [places[i]], option))];
        var set = CellWise.Unordered(call.Store, call.Store.Kinds.Id("places"), pairs);
        return CellWise.Ordered(call.Store, picked, [index], set);
    }

    /// <summary>What stands at one place after writes that may or may not meet it.</summary>
    /// <param name="call">The operator.</param>
    /// <param name="place">The place, counted along the axis.</param>
    /// <param name="length">Places on the axis.</param>
    /// <param name="before">What stood there, lane by lane.</param>
    /// <param name="writes">Indices, and what they write.</param>
    public static int[] Write(
        OperatorCall call, int place, int length, int[] before, IReadOnlyList<(int Index, int[] Update)> writes)
    {
        var kind = call.Store.Kinds.Id("write");
        int[][] written = [.. writes.Select(write => CellWise.Ordered(
            call.Store, kind, [write.Index], [PlaceNode(call, write.Index, place, length)], write.Update))];
        var set = CellWise.Unordered(call.Store, call.Store.Kinds.Id("writes"), written);
        return CellWise.Ordered(call.Store, call.Kind("written"), before, set);
    }

    /// <summary>The node that says whether an index points at a place.</summary>
    public static int IsAt(OperatorCall call, int index, int place) => call.Store.Ordered(
        call.Store.Kinds.Id("is at"), index, PlaceNode(call, index, place, null));

    private static int PlaceNode(OperatorCall call, int index, int place, int? length) =>
        PlacesOf(call, index, length) is { } places && place >= 0 && place < places.Length
            ? places[place]
            : call.Store.Constant(place);

    private static int[]? PlacesOf(OperatorCall call, int index, int? length)
    {
        var places = call.Indices.PlacesOf(index);
        return places is null || length is null || places.Length == length
            ? places
            : throw new NotSupportedException(
                $"{call.Operation} with an index of {places.Length} places on an axis of {length}");
    }
}
