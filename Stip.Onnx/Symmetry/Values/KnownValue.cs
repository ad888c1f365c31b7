using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry.Values;

/// <summary>A tensor of numbers: constants, shapes, and what is computed from ids, masks and positions.</summary>
/// <param name="Shape">Its shape.</param>
/// <param name="Numbers">Row-major; integers up to 2^53 are exact.</param>
/// <param name="Type">Element type, which decides how division rounds.</param>
/// <param name="Origin">What the numbers follow from.</param>
internal sealed record KnownValue(
    int[] Shape, double[] Numbers, DataType Type, KnownOrigin Origin = KnownOrigin.Constant) : Value(Shape)
{
    /// <summary>Names the computation that made numbers of the caller: numbers of two computations that are equal here
    /// differ elsewhere.</summary>
    public int Trace { get; init; }

    /// <summary>True where the numbers depend on what the caller sends, not only on shapes.</summary>
    public bool IsRuntime => Origin == KnownOrigin.Caller;

    public bool IsInteger => Type is not (DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double);

    /// <summary>The numbers as integers; what is beyond their range becomes the nearest one.</summary>
    public int[] Integers => Array.ConvertAll(Numbers, number => (int)Math.Clamp(number, int.MinValue, int.MaxValue));

    /// <summary>What a result of several tensors follows from; what is not known comes from the caller.</summary>
    public static KnownOrigin OriginOf(params IEnumerable<Value?> values) => values.OfType<Value>()
        .Select(value => value is KnownValue known ? known.Origin : KnownOrigin.Caller)
        .DefaultIfEmpty(KnownOrigin.Constant).Max();
}
