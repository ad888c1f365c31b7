using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Convolutions;

/// <summary>Columns of patches laid back into a picture, what overlaps added up (<c>torch.nn.Fold</c>).</summary>
/// <remarks>Inputs: 0 columns <c>[batch, channels * taps, places]</c>, 1 shape of the picture, 2 shape of a
/// patch.</remarks>
internal sealed class ColumnsToImageRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Col2Im"];

    public void Apply(OperatorCall call)
    {
        var (columns, image, block) = (call.Labels(0), call.Known(1).Integers, call.Known(2).Integers);
        var (taps, places) = (Shapes.Count(block), columns.Shape[2]);
        var (batch, channels, cells) = (columns.Shape[0], columns.Shape[1] / taps, Shapes.Count(image));
        var sources = Sources(call, image, block);
        var labels = new int[batch * channels * cells];
        var sum = call.Store.Kinds.Id("sum");
        for (var lane = 0; lane < batch * channels; lane++)
        {
            for (var cell = 0; cell < cells; cell++)
            {
                int[] parts = [.. sources[cell].Select(source =>
                    columns.Labels[(((lane * taps) + source.Tap) * places) + source.Place])];
                labels[(lane * cells) + cell] = parts switch
                {
                    [] => call.Store.Constant(0),
                    [var only] => only,
                    _ => call.Store.Unordered(sum, parts),
                };
            }
        }

        call.Set(0, new LabelValue([batch, channels, .. image], labels));
    }

    private static List<(int Tap, int Place)>[] Sources(OperatorCall call, int[] image, int[] block)
    {
        var rank = image.Length;
        var (strides, dilations) = (List(call, "strides", rank, 1), List(call, "dilations", rank, 1));
        var pads = List(call, "pads", 2 * rank, 0);
        int[] places = [.. image.Select((length, axis) => ((length + pads[axis] + pads[axis + rank]
            - (dilations[axis] * (block[axis] - 1)) - 1) / strides[axis]) + 1)];
        var sources = new List<(int, int)>[Shapes.Count(image)];
        Array.ForEach(Enumerable.Range(0, sources.Length).ToArray(), cell => sources[cell] = []);
        var (steps, at, tap) = (Shapes.Strides(image), new int[rank], new int[rank]);
        for (var place = 0; place < Shapes.Count(places); place++, Shapes.Advance(at, places))
        {
            for (var offset = 0; offset < Shapes.Count(block); offset++, Shapes.Advance(tap, block))
            {
                int[] cell = [.. at.Select((start, axis) =>
                    (start * strides[axis]) + (tap[axis] * dilations[axis]) - pads[axis])];
                if (cell.Select((one, axis) => one >= 0 && one < image[axis]).All(isInside => isInside))
                {
                    sources[cell.Select((one, axis) => one * steps[axis]).Sum()].Add((offset, place));
                }
            }
        }

        return sources;
    }

    private static int[] List(OperatorCall call, string name, int count, int absent) =>
        call.Integers(name) is { Count: > 0 } given
            ? [.. given.Select(number => (int)number)]
            : [.. Enumerable.Repeat(absent, count)];
}
