using Stip.Onnx.Symmetry.Values;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry.Rules.Cells;

/// <summary>Changes of type: they round every cell alike, so labels stay.</summary>
internal sealed class CastRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Cast", "CastLike"];

    public void Apply(OperatorCall call)
    {
        if (call.Input(0) is not KnownValue known)
        {
            call.Set(0, call.Input(0));
            return;
        }

        var type = call.Operation == "Cast"
            ? (DataType)call.Integer("to", (long)known.Type)
            : (call.Input(1) as KnownValue)?.Type ?? DataType.Float;
        var cast = known with { Type = type };
        call.Set(0, type == DataType.Bool
            ? cast with { Numbers = Array.ConvertAll(known.Numbers, number => number == 0 ? 0.0 : 1.0) }
            : cast.IsInteger ? cast with { Numbers = Array.ConvertAll(known.Numbers, Math.Truncate) }
            : type == DataType.Float
            ? cast with { Numbers = Array.ConvertAll(known.Numbers, number => (double)(float)number) }
            : cast);
    }
}
