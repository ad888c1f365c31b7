using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Convolutions;

/// <summary>Channels of a picture read at computed points: what a point gives hangs on a node of all positions in their
/// order, channel by channel.</summary>
/// <remarks>GridSample: 0 X <c>[batch, C, …]</c>, 1 grid <c>[batch, …, axes]</c>. RoiAlign: 0 X, 1 rois <c>[rois,
/// 4]</c>, 2 batch_indices.</remarks>
internal sealed class SampledPointsRule : IOperatorRule
{
    private const string Regions = "RoiAlign";

    public IEnumerable<string> Operators => ["GridSample", "com.microsoft.GridSample", Regions];

    public void Apply(OperatorCall call)
    {
        var (value, points) = (call.Labels(0), call.Labels(1));
        var isRegions = call.Operation == Regions;
        var (channels, positions) = (value.Shape[1], Shapes.Count(value.Shape.AsSpan(2)));
        int[] grid = isRegions
            ? [(int)call.Integer("output_height", 1), (int)call.Integer("output_width", 1)]
            : points.Shape[1..^1];
        var count = Shapes.Count(grid);
        var images = points.Shape[0];
        var labels = new int[images * channels * count];
        var kind = call.Kind($"of {string.Join(',', value.Shape[2..])} at {string.Join(',', grid)} ");
        int[] everywhere = isRegions ? All(Enumerable.Range(0, value.Shape[0])) : [];
        for (var image = 0; image < images; image++)
        {
            var all = isRegions ? everywhere : All([image]);
            for (var point = 0; point < count; point++)
            {
                var from = isRegions ? image : (image * count) + point;
                int[] where = [.. points.Labels.AsSpan(from * points.Shape[^1], points.Shape[^1])];
                var at = isRegions ? [.. where, call.Store.Constant(point), call.Labels(2).Labels[image]] : where;
                var made = CellWise.Ordered(
                    call.Store, kind, [call.Store.Ordered(call.Store.Kinds.Id("point"), at)], all);
                for (var channel = 0; channel < channels; channel++)
                {
                    labels[(((image * channels) + channel) * count) + point] = made[channel];
                }
            }
        }

        call.Set(0, new LabelValue([images, channels, .. grid], labels));

        int[] All(IEnumerable<int> sources) => CellWise.Ordered(
            call.Store,
            call.Store.Kinds.Id("positions"),
            [.. sources.SelectMany(source => Enumerable.Range(0, positions).Select(place =>
                Enumerable.Range(0, channels).Select(channel =>
                    value.Labels[(((source * channels) + channel) * positions) + place]).ToArray()))]);
    }
}
