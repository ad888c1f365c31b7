using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Sets;

/// <summary>Local response normalisation: each channel against itself and its neighbours.</summary>
/// <remarks>Input <c>[batch, channels, …]</c>; the window reaches <c>size</c> channels, one more after than before
/// where it is even.</remarks>
internal sealed class LocalResponseRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["LRN"];

    public void Apply(OperatorCall call)
    {
        var value = call.Labels(0);
        var size = (int)call.Integer("size", 1);
        var (channels, inner) = (value.Shape[1], Shapes.Count(value.Shape.AsSpan(2)));
        var planes = value.Labels.Chunk(Math.Max(1, inner)).ToArray();
        var (kind, set) = (call.Kind(), call.Store.Kinds.Id("set"));
        int[][] made = [.. planes.Select((plane, number) =>
        {
            var channel = number % channels;
            var first = Math.Max(0, channel - ((size - 1) / 2));
            var last = Math.Min(channels - 1, channel + (size / 2));
            int[][] window = [.. Enumerable.Range(number - channel + first, last - first + 1)
                .Select(neighbour => planes[neighbour])];
            return CellWise.Ordered(call.Store, kind, plane, CellWise.Unordered(call.Store, set, window));
        })];
        call.Set(0, value with { Labels = [.. made.SelectMany(plane => plane)] });
    }
}
