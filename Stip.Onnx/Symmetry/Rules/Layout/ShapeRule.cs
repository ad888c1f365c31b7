using Stip.Onnx.Symmetry.Values;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry.Rules.Layout;

/// <summary>Sizes of tensors.</summary>
internal sealed class ShapeRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Shape", "Size"];

    public void Apply(OperatorCall call)
    {
        var shape = call.Input(0).Shape;
        var origin = call.Input(0) is WeightValue or KnownValue { Origin: KnownOrigin.Constant }
            ? KnownOrigin.Constant
            : KnownOrigin.Sizes;
        if (call.Operation == "Size")
        {
            call.Set(0, new KnownValue([], [Shapes.Count(shape)], DataType.Int64, origin));
            return;
        }

        var start = Math.Clamp(Shapes.Axis(call.Integer("start", 0), shape.Length), 0, shape.Length);
        var end = Math.Clamp(Shapes.Axis(call.Integer("end", shape.Length), shape.Length), start, shape.Length);
        call.Set(0, new KnownValue(
            [end - start], [.. shape[start..end].Select(length => (double)length)], DataType.Int64, origin));
    }
}
