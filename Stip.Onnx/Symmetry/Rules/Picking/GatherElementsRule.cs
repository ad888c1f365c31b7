using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Picking;

/// <summary>For every cell of an index tensor the cell at that place of one axis.</summary>
internal sealed class GatherElementsRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["GatherElements"];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var axis = Shapes.Axis(call.Integer("axis", 0), value.Rank);
        var indices = call.Input(1);
        var starts = Starts(value.Shape, indices.Shape, axis, out var stride);
        if (indices is KnownValue known && value is KnownValue numbers)
        {
            int[] sources = [.. starts.Select((start, i) => start + (Place(known, i, value.Shape[axis]) * stride))];
            call.Set(0, (KnownValue)Moves.ByCells(numbers, indices.Shape, sources) with
            {
                Origin = KnownValue.OriginOf(numbers, known),
            });
            return;
        }

        var labels = call.Labels(value).Labels;
        var length = value.Shape[axis];
        call.Set(0, new LabelValue(indices.Shape, [.. starts.Select((start, i) =>
            Read(call, indices, i, [.. Enumerable.Range(0, length).Select(p => labels[start + (p * stride)])]))]));
    }

    private static int Read(OperatorCall call, Value indices, int cell, int[] options)
    {
        int[][] lanes = Array.ConvertAll(options, option => new[] { option });
        return indices switch
        {
            KnownValue { IsRuntime: false } known => options[Place(known, cell, options.Length)],
            KnownValue known => Choice.Of(
                call.Store, call.Store.Kinds.Id("picked"), lanes, [call.Store.Constant(known.Numbers[cell])])[0],
            _ => PickByIndex.Read(call, call.Labels(indices).Labels[cell], lanes)[0],
        };
    }

    private static int Place(KnownValue indices, int cell, int length) =>
        ((((int)indices.Numbers[cell]) % length) + length) % length;

    // For every cell of the index the cell of the data with place 0 of the axis.
    private static int[] Starts(int[] shape, int[] indexShape, int axis, out int stride)
    {
        var strides = Shapes.Strides(shape);
        stride = strides[axis];
        strides[axis] = 0;
        return Shapes.Walk(indexShape, strides);
    }
}
