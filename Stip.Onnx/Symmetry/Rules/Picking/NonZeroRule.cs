using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Values;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry.Rules.Picking;

/// <summary>Coordinates of the cells that are not zero. How many there are at run time changes nothing about features;
/// here there are two where they are computed.</summary>
internal sealed class NonZeroRule : IOperatorRule
{
    private const int Found = 2;

    public IEnumerable<string> Operators => ["NonZero"];

    public void Apply(OperatorCall call)
    {
        if (call.Input(0) is KnownValue known)
        {
            var strides = Shapes.Strides(known.Shape);
            int[] cells = [.. Enumerable.Range(0, known.Count).Where(cell => known.Numbers[cell] != 0)];
            double[] numbers = [.. Enumerable.Range(0, known.Rank)
                .SelectMany(axis => cells.Select(cell => (double)(cell / strides[axis] % known.Shape[axis])))];
            call.Set(0, new KnownValue([known.Rank, cells.Length], numbers, DataType.Int64, known.Origin));
            return;
        }

        var value = call.Labels(0);
        var all = call.Store.Ordered(call.Store.Kinds.Id("cells"), value.Labels);
        var labels = new int[value.Rank * Found];
        for (var axis = 0; axis < value.Rank; axis++)
        {
            var lanes = AxisLanes.Of(value, axis);
            int[] places = [.. Enumerable.Range(0, lanes.Length).Select(place => call.Store.Unordered(
                call.Store.Kinds.Id("slice"),
                [.. Enumerable.Range(0, lanes.Outer).SelectMany(outer => lanes.Row(outer, place))]))];
            for (var i = 0; i < Found; i++)
            {
                labels[(axis * Found) + i] = call.Store.Ordered(call.Store.Kinds.Id($"nonzero {axis}", i), all);
                call.Indices.Add(labels[(axis * Found) + i], places);
            }
        }

        call.Set(0, new LabelValue([value.Rank, Found], labels));
    }
}
