using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry.Rules.Layout;

/// <summary>Operators that make numbers from nothing or from sizes.</summary>
internal sealed class ConstantRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Constant", "ConstantOfShape", "Range"];

    public void Apply(OperatorCall call) => call.Set(0, call.Operation switch
    {
        "Constant" => Constant(call),
        "ConstantOfShape" => Filled(call),
        _ => Range(call),
    });

    private static KnownValue Constant(OperatorCall call)
    {
        if (call.Attribute("value_int") is { } integer)
        {
            return new KnownValue([], [integer.I], DataType.Int64);
        }

        if (call.Attribute("value_ints") is { } integers)
        {
            double[] list = [.. integers.Ints.Select(value => (double)value)];
            return new KnownValue([list.Length], list, DataType.Int64);
        }

        if (call.Attribute("value_float") is { } number)
        {
            return new KnownValue([], [number.F], DataType.Float);
        }

        return call.Attribute("value_floats") is { } numbers
            ? new KnownValue([numbers.Floats.Count], [.. numbers.Floats.Select(value => (double)value)], DataType.Float)
            : throw new NotSupportedException("Constant without a number");
    }

    private static KnownValue Filled(OperatorCall call)
    {
        var shape = call.Known(0).Integers;
        var fill = call.Attribute("value")?.T is { } tensor
            ? TensorNumbers.Read(InlineData.Open("value", tensor))
            : new KnownValue([1], [0], DataType.Float);
        var numbers = new double[Shapes.Count(shape)];
        Array.Fill(numbers, fill.Numbers[0]);
        return new KnownValue(shape, numbers, fill.Type, call.Known(0).Origin);
    }

    private static KnownValue Range(OperatorCall call)
    {
        var (start, limit, delta) = (call.Known(0), call.Known(1).Numbers[0], call.Known(2).Numbers[0]);
        var count = (int)Math.Max(0, Math.Ceiling(Rounded(start, limit - start.Numbers[0]) / delta));
        var (numbers, number) = (new double[count], start.Numbers[0]);
        for (var i = 0; i < count; i++, number = Rounded(start, number + delta))
        {
            numbers[i] = number;
        }

        return new KnownValue([count], numbers, start.Type, KnownValue.OriginOf(call.Inputs));
    }

    // The runtime subtracts and adds up in the type of the range, and divides in double.
    private static double Rounded(KnownValue start, double number) =>
        start.Type == DataType.Float ? (float)number : number;
}
