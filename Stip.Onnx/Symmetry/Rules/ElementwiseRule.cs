using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules;

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
        "Clip",
        "com.microsoft.Gelu", "com.microsoft.FastGelu", "com.microsoft.QuickGelu",
    ];

    public void Apply(OperatorCall call)
    {
        var values = call.Inputs.OfType<Value>().ToArray();
        if (values.All(value => value is KnownValue)
            && KnownArithmetic.Compute(call.Operation, [.. values.Cast<KnownValue>()]) is { } known)
        {
            call.Set(0, known);
            return;
        }

        var shape = values.Select(value => value.Shape).Aggregate((left, right) => Shapes.Broadcast(left, right));
        var labels = Array.ConvertAll(values, value => Stretched(call.Labels(value), shape));

        // Where both are stretched they meet across positions, and which is which matters.
        var crossed = values.Count(value => value.Count != Shapes.Count(shape)) > 1;
        call.Set(0, new LabelValue(shape, Combine(call, labels, !crossed && Commutative.Contains(call.Operation))));
    }

    private static int[] Combine(OperatorCall call, int[][] operands, bool commutes)
    {
        var kind = call.Kind();
        var labels = new int[operands[0].Length];
        Span<int> children = stackalloc int[operands.Length];
        for (var cell = 0; cell < labels.Length; cell++)
        {
            for (var i = 0; i < operands.Length; i++)
            {
                children[i] = operands[i][cell];
            }

            labels[cell] = commutes ? call.Store.Unordered(kind, children) : call.Store.Ordered(kind, children);
        }

        return labels;
    }

    private static int[] Stretched(LabelValue value, int[] shape) => value.Shape.AsSpan().SequenceEqual(shape)
        ? value.Labels
        : Array.ConvertAll(Shapes.Stretch(value.Shape, shape), i => value.Labels[i]);
}
