using Stip.Onnx.Symmetry.Values;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry.Rules.Layout;

/// <summary>A matrix with ones on a diagonal.</summary>
internal sealed class EyeRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["EyeLike"];

    public void Apply(OperatorCall call)
    {
        var shape = call.Input(0).Shape;
        var diagonal = call.Integer("k", 0);
        double[] numbers = [.. Enumerable.Range(0, Shapes.Count(shape))
            .Select(cell => (cell % shape[1]) - (cell / shape[1]) == diagonal ? 1.0 : 0.0)];
        call.Set(0, new KnownValue(
            shape, numbers, (DataType)call.Integer("dtype", (long)DataType.Float), KnownOrigin.Sizes));
    }
}
