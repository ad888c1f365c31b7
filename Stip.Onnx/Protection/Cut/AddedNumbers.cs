using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Protection.Cut;

/// <summary>The whole numbers that a graph holds, as they are added to places.</summary>
internal static class AddedNumbers
{
    /// <summary>The smallest number of a constant; null where it is not known.</summary>
    /// <param name="types">Of the graph.</param>
    /// <param name="name">A value that depends on no input.</param>
    public static long? Least(ValueTypes types, string name)
    {
        while (types.MakerOf(name) is { } maker && RawValues.Keeps(maker))
        {
            name = maker.Input[0];
        }

        return types.MakerOf(name) is { OpType: "Constant", Attribute: [var constant] } && constant.Name != "value"
            ? constant switch
            {
                { Name: "value_int", I: var number } => number,
                { Name: "value_ints", Ints: { Count: > 0 } numbers } => numbers.Min(),
                _ => null,
            }
            : TensorNumbers.HeldIntegers(name, types.HeldOf(name)) is { Length: > 0 } integers ? integers.Min()
            : null;
    }
}
