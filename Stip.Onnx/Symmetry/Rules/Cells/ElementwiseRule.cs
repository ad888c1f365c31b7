using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Cells;

/// <summary>Functions of one cell, or of cells at the same place after stretching.</summary>
internal sealed class ElementwiseRule : IOperatorRule
{
    // Ones whose operands may trade places.
    private static readonly HashSet<string> Commutative = new(StringComparer.Ordinal)
    {
        "Add", "Mul", "Sum", "Max", "Min", "Mean", "Equal", "And", "Or", "Xor", "com.microsoft.BiasGelu",
    };

    public IEnumerable<string> Operators =>
    [
        .. Commutative, "Sub", "Div", "Mod", "Pow", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "PRelu",
        "BitShift", "Neg", "Abs", "Not", "Sqrt", "Reciprocal", "Exp", "Log", "Floor", "Ceil", "Round", "Sin", "Cos",
        "Tan", "Sinh", "Cosh",
        "Asin", "Acos", "Atan", "Sign", "IsNaN", "IsInf", "Tanh", "Sigmoid", "HardSigmoid", "Erf", "Gelu", "Relu",
        "LeakyRelu", "Elu", "Celu", "Selu", "Mish", "Softplus", "Softsign", "HardSwish", "Swish", "ThresholdedRelu",
        "Clip", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot", "Asinh", "Acosh", "Atanh", "Shrink",
        "com.microsoft.BiasDropout", "com.microsoft.BiasAdd",
        "com.microsoft.Gelu", "com.microsoft.FastGelu", "com.microsoft.QuickGelu",
    ];

    public void Apply(OperatorCall call)
    {
        var values = call.Inputs.OfType<Value>().ToArray();
        if (IndexComparison.Of(call) is { } places)
        {
            call.Set(0, places);
            return;
        }

        if (values.All(value => value is KnownValue)
            && KnownArithmetic.Compute(call, [.. values.Cast<KnownValue>()]) is { } known)
        {
            call.Set(0, known);
            return;
        }

        call.Set(0, Elementwise.Combine(
            call, call.Kind(), [.. Summands(call)], Commutes(call)));
    }

    /// <summary>True where operands may trade places.</summary>
    public static bool Commutes(OperatorCall call) => Commutative.Contains(call.Operation);

    /// <summary>The operands. A chain of additions is one sum: experts that are added one after the other may trade
    /// places.</summary>
    public static IEnumerable<Value> Summands(OperatorCall call) => call.Inputs
        .Select((value, i) => (value, before: i < call.Before.Length ? call.Before[i] : null))
        .Where(entry => entry.value is not null)
        .SelectMany(entry => entry.before is { Operation: "Add" } before && call.Operation == "Add"
            && before.Inputs.All(input => input is LabelValue or FeatureMapValue or PlacedValue
                && input.Shape.AsSpan().SequenceEqual(entry.value!.Shape))
            ? Summands(before)
            : [entry.value!]);
}
