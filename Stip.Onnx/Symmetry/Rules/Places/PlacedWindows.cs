using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules.Convolutions;
using Stip.Onnx.Symmetry.Rules.Matrices;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Places;

/// <summary>
/// What slides over pictures and sounds of many positions (convolutions both ways, pools, blocks of pixels that become
/// channels) and norms of channels: an operator does the same around every position, so a channel stays one vector.
/// </summary>
internal static class PlacedWindows
{
    /// <summary>The output of such an operator, or null where positions must be told apart for it.</summary>
    public static PlacedValue? Follow(OperatorCall call)
    {
        if (call.Inputs[0] is not PlacedValue { Rank: > 2 } given || Pictured(given) is not { } map)
        {
            return null;
        }

        return call.Operation switch
        {
            "Conv" or "com.microsoft.FusedConv" => Convolved(call, map),
            "ConvTranspose" => SpreadOut(call, map),
            "MaxPool" or "AveragePool" or "LpPool" => Pooled(call, map),
            "DepthToSpace" or "SpaceToDepth" => Blocks(call, map),
            "GridSample" or "com.microsoft.GridSample" => Sampled(call, map),
            _ => null,
        };
    }

    /// <summary>Norms along positions, of a channel or of a group of them.</summary>
    public static PlacedValue? Normalized(OperatorCall call)
    {
        if (call.Inputs[0] is not PlacedValue { Rank: > 2 } value || !value.Axes[1].IsFeatures)
        {
            return null;
        }

        if (call.Operation == "BatchNormalization")
        {
            return PlacedSteps.CellByCell(
                call,
                call.Kind,
                [value, .. Enumerable.Range(1, 4).Select(i => ConvRule.PerChannel(call.Input(i), value.Rank))],
                commutes: false);
        }

        var made = PlacedSteps.ByRule(call, [value.Core, .. call.Inputs.Skip(1)]);
        return PlacedSteps.Told(
            call, value, made, value.Axes, call.Operation == "LRN" ? [] : [.. Enumerable.Range(2, value.Rank - 2)]);
    }

    // Channels one by one, everything else positions.
    private static PlacedValue? Pictured(PlacedValue value)
    {
        var map = UnmixedAxes.Of(value, 1);
        return map.Axes[1].IsFeatures
            ? SpreadAxes.Of(map, Enumerable.Range(0, map.Rank).Where(axis => axis != 1))
            : null;
    }

    // A kernel that slides over places takes its channels as a weight does; its offsets stay.
    private static PlacedValue? Convolved(OperatorCall call, PlacedValue map)
    {
        var shape = Windows.ShapeOf(call, map.Shape[2..], call.Input(1).Shape[2..]);
        var frame = Frame(map, shape);
        var groups = (int)call.Integer("group", 1);
        var made = call.Input(1) is WeightValue { Axes: [{ IsIndexed: true }, ..] } kernel
            ? ConvRule.Column(call, [map.Labels], kernel, groups, frame)
            : PlacedValue.Each(call.Store, call.Kind(frame), Computed(call, map, call.Labels(1), groups));
        var result = Made(map, shape, made);
        result = call.Optional(2) is not { } bias ? result
            : Added(call, result, ConvRule.PerChannel(bias, map.Rank));
        result = result is null || call.Optional(3) is not { } added ? result : Added(call, result, added);
        return result is not null && FusedActivation.KindOf(call) is { } activation
            ? result with { Labels = PlacedValue.Each(call.Store, activation, result.Core) }
            : result;
    }

    private static PlacedValue? Added(OperatorCall call, PlacedValue result, Value other) => PlacedSteps.CellByCell(
        call, name => call.Store.Kinds.Id($"Add{name}"), [result, other], commutes: true);

    // A kernel that is computed (a weight norm): every product is a node.
    private static LabelValue Computed(OperatorCall call, PlacedValue map, LabelValue kernel, int groups)
    {
        var (store, outer, channels) = (call.Store, kernel.Shape[0], kernel.Shape[1]);
        var width = kernel.Labels.Length / outer;
        int[] taps = [.. Enumerable.Range(0, width).Select(i => store.Constant(i % (width / channels)))];
        var labels = new int[outer];
        for (var group = 0; group < groups; group++)
        {
            int[] cells = [.. Enumerable.Range(0, width)
                .Select(i => map.Labels[(group * channels) + (i / (width / channels))])];
            var row = CellWise.Ordered(store, store.Kinds.Id("under tap"), cells, taps);
            for (var i = group * outer / groups; i < (group + 1) * outer / groups; i++)
            {
                labels[i] = Contraction.Dot(store, row, kernel.Labels.AsSpan(i * width, width));
            }
        }

        return new LabelValue([1, outer, .. Enumerable.Repeat(1, map.Rank - 2)], labels);
    }

    // Every position is spread over a window.
    private static PlacedValue? SpreadOut(OperatorCall call, PlacedValue map)
    {
        if (call.Input(1) is not WeightValue weight || !weight.Axes[1].IsIndexed)
        {
            return null;
        }

        var shape = SpreadWindows.ShapeOf(call, map.Shape[2..], weight.Shape[2..]);
        var made = TransposedConvRule.Column(call, map.Labels, weight, Frame(map, shape));
        var result = Made(map, shape, made);
        return call.Optional(2) is { } bias ? Added(call, result, ConvRule.PerChannel(bias, map.Rank)) : result;
    }

    private static PlacedValue Pooled(OperatorCall call, PlacedValue map)
    {
        int[] kernel = [.. call.Integers("kernel_shape")!.Select(length => (int)length)];
        var shape = Windows.ShapeOf(call, map.Shape[2..], kernel);
        return Made(map, shape, PlacedValue.Each(call.Store, call.Kind(Frame(map, shape)), map.Core));
    }

    // Channels become pixels of a block, or pixels of a block channels.
    private static PlacedValue? Blocks(OperatorCall call, PlacedValue map)
    {
        var (block, channels) = ((int)call.Integer("blocksize", 1), map.Shape[1]);
        var count = block * block;
        int[] shape = [.. map.Shape[2..].Select(length =>
            call.Operation == "DepthToSpace" ? length * block : length / block)];
        var kind = call.Kind(Frame(map, shape));
        if (call.Operation == "SpaceToDepth")
        {
            int[] made = [.. Enumerable.Range(0, count).SelectMany(pixel => PlacedValue.Each(
                call.Store, kind, map.Core, call.Store.Constant(pixel)))];
            return Made(map, shape, made);
        }

        var depth = channels / count;
        var isColumnFirst = call.Text("mode", "DCR") == "CRD";
        return Made(map, shape, CellWise.Ordered(call.Store, kind, [.. Enumerable.Range(0, count).Select(pixel =>
            Enumerable.Range(0, depth).Select(channel =>
                map.Labels[isColumnFirst ? (channel * count) + pixel : (pixel * depth) + channel]).ToArray())]));
    }

    // Every point is a position of its own; its coordinates are vectors over them.
    private static PlacedValue? Sampled(OperatorCall call, PlacedValue map)
    {
        var points = PlacedOperands.Like(call, call.Input(1), [
            map.Axes[0],
            .. call.Input(1).Shape[1..^1].Select(PlacedAxis.OfPlaces),
            PlacedAxis.OfFeatures(call.Input(1).Shape[^1])]);
        if (points is null || !points.Axes[^1].IsFeatures
            || SpreadAxes.Of(points, Enumerable.Range(0, points.Rank - 1)) is not { } spread
            || !spread.Axes[0].Is(map.Axes[0]))
        {
            return null;
        }

        var kind = call.Kind($"over {PlacedOperands.Layout(map, spread)} ");
        var made = PlacedValue.Each(call.Store, kind, map.Core, spread.Labels);
        return new PlacedValue(call.Store, [map.Axes[0], map.Axes[1], .. spread.Axes[1..^1]], made)
        {
            AlikeRows = map.AlikeRows == spread.AlikeRows ? map.AlikeRows : 1,
        };
    }

    private static PlacedValue Made(PlacedValue map, int[] shape, int[] labels) => new(
        map.Store, [map.Axes[0], PlacedAxis.OfFeatures(labels.Length), .. shape.Select(PlacedAxis.OfPlaces)], labels)
    {
        AlikeRows = map.AlikeRows,
    };

    // Where positions come to lie: two operators with one kernel may slide in different ways.
    private static string Frame(PlacedValue map, int[] shape) =>
        $"over [{string.Join(',', map.Shape[2..])}] to [{string.Join(',', shape)}] of all ";
}
