using Stip.Onnx.Symmetry.Values;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry.Rules.Cells;

/// <summary>Element-wise operators on numbers: shape arithmetic, masks and positions.</summary>
internal static class KnownArithmetic
{
    private static readonly Dictionary<string, Func<double, double>> OfOne = new(StringComparer.Ordinal)
    {
        ["Neg"] = a => -a,
        ["Abs"] = Math.Abs,
        ["Not"] = a => a == 0 ? 1 : 0,
        ["Sqrt"] = Math.Sqrt,
        ["Reciprocal"] = a => 1 / a,
        ["Exp"] = Math.Exp,
        ["Log"] = Math.Log,
        ["Floor"] = Math.Floor,
        ["Ceil"] = Math.Ceiling,
        ["Round"] = Math.Round,
        ["Sin"] = Math.Sin,
        ["Cos"] = Math.Cos,
        ["Tanh"] = Math.Tanh,
        ["Sign"] = a => Math.Sign(a),
        ["IsNaN"] = a => double.IsNaN(a) ? 1 : 0,
        ["BitwiseNot"] = a => ~(long)a,
        ["IsInf"] = a => double.IsInfinity(a) ? 1 : 0,
    };

    private static readonly Dictionary<string, Func<double, double, double>> OfTwo = new(StringComparer.Ordinal)
    {
        ["Add"] = (a, b) => a + b,
        ["Sum"] = (a, b) => a + b,
        ["Sub"] = (a, b) => a - b,
        ["Mul"] = (a, b) => a * b,
        ["Div"] = (a, b) => a / b,
        ["Mod"] = (a, b) => a - (b * Math.Floor(a / b)),
        ["Pow"] = Math.Pow,
        ["Max"] = Math.Max,
        ["Min"] = Math.Min,
        ["Equal"] = (a, b) => a == b ? 1 : 0,
        ["Less"] = (a, b) => a < b ? 1 : 0,
        ["LessOrEqual"] = (a, b) => a <= b ? 1 : 0,
        ["Greater"] = (a, b) => a > b ? 1 : 0,
        ["GreaterOrEqual"] = (a, b) => a >= b ? 1 : 0,
        ["And"] = (a, b) => a != 0 && b != 0 ? 1 : 0,
        ["Or"] = (a, b) => a != 0 || b != 0 ? 1 : 0,
        ["BitwiseAnd"] = (a, b) => (long)a & (long)b,
        ["BitwiseOr"] = (a, b) => (long)a | (long)b,
        ["BitwiseXor"] = (a, b) => (long)a ^ (long)b,
        ["Xor"] = (a, b) => (a != 0) != (b != 0) ? 1 : 0,
    };

    private static readonly HashSet<string> Tests = new(StringComparer.Ordinal)
    {
        "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Xor", "Not", "IsNaN", "IsInf",
    };

    /// <summary>The result, or null where the operator is not one of numbers.</summary>
    public static KnownValue? Compute(OperatorCall call, KnownValue[] inputs)
    {
        var operation = call.Operation;
        if (operation == "Clip")
        {
            return Clip(call, inputs[0]);
        }

        if (inputs.Length == 1 && OfOne.TryGetValue(operation, out var one))
        {
            return Typed(operation, inputs[0] with { Numbers = Array.ConvertAll(inputs[0].Numbers, a => one(a)) });
        }

        if (inputs.Length < 2 || !OfTwo.TryGetValue(operation, out var two))
        {
            return null;
        }

        return inputs.Skip(1).Aggregate(inputs[0], (left, right) => Combine(operation, two, left, right));
    }

    private static KnownValue Clip(OperatorCall call, KnownValue value)
    {
        var least = call.Optional(1) is KnownValue low ? low.Numbers[0] : call.Float("min", float.NegativeInfinity);
        var most = call.Optional(2) is KnownValue high ? high.Numbers[0] : call.Float("max", float.PositiveInfinity);
        return value with { Numbers = Array.ConvertAll(value.Numbers, n => Math.Min(Math.Max(n, least), most)) };
    }

    private static KnownValue Combine(
        string operation, Func<double, double, double> two, KnownValue left, KnownValue right)
    {
        var shape = Shapes.Broadcast(left.Shape, right.Shape);
        var (a, b) = (Shapes.Stretch(left.Shape, shape), Shapes.Stretch(right.Shape, shape));
        var numbers = new double[a.Length];
        for (var i = 0; i < numbers.Length; i++)
        {
            var number = two(left.Numbers[a[i]], right.Numbers[b[i]]);
            numbers[i] = left.IsInteger && operation == "Div" ? Math.Truncate(number) : number;
        }

        return Typed(operation, new KnownValue(shape, numbers, left.Type, KnownValue.OriginOf(left, right)));
    }

    // A float is rounded at every step, as the runtime does: the floor of what is computed may hang on it.
    private static KnownValue Typed(string operation, KnownValue value) =>
        Tests.Contains(operation) ? value with { Type = DataType.Bool }
        : value.Type == DataType.Float
            ? value with { Numbers = Array.ConvertAll(value.Numbers, number => (double)(float)number) }
        : value;
}
