using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Symmetry.Ports;

/// <summary>
/// Tells which number of a mask lets a score count and which hides it, by what the graph makes of each on the way to
/// its shares: 0 and the lowest number (added), 1 and 0, or 0 and 1. What else meets it there is taken for scores that
/// are nothing.
/// </summary>
internal sealed class MaskMeaning
{
    private const long MostNumbers = 4096;

    private static readonly HashSet<string> Moves = new(StringComparer.Ordinal)
    {
        "Identity", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Transpose", "Slice", "Expand", "Tile", "Gather",
        "Dropout", "Split", "CastLike", "Concat",
    };

    private readonly Dictionary<string, MaskReading> _readings = new(StringComparer.Ordinal);
    private readonly List<MaskReading> _shares = [];
    private readonly bool _isFloat;

    private MaskMeaning(GraphProto graph, string mask)
    {
        _isFloat = graph.Input.Any(input => input.Name == mask && ElementTypes.AreQuantities(input));
        foreach (var (name, tensor) in HeldTensors.Of(graph))
        {
            if (Uniform(name, tensor) is { } number)
            {
                _readings[name] = MaskReading.Constant(number);
            }
        }

        _readings[mask] = MaskReading.Mask;
        foreach (var node in graph.Node)
        {
            Follow(node);
        }
    }

    /// <summary>A value of <see cref="StepInputManifest"/>; null where the graph does not tell.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="mask">An input of it.</param>
    public static string? Of(GraphProto graph, string mask)
    {
        var shares = new MaskMeaning(graph, mask)._shares;
        return shares.Count == 0 ? null
            : shares.TrueForAll(share => share is { ShowsZero: true, HidesLowest: true, HidesOne: false })
                ? StepInputManifest.Bias
            : shares.TrueForAll(share => share is { ShowsOne: true, HidesZero: true })
                ? StepInputManifest.Mask
            : shares.TrueForAll(share => share is { ShowsZero: true, HidesOne: true })
                ? StepInputManifest.Blocked
            : null;
    }

    private void Follow(NodeProto node)
    {
        foreach (var (name, use) in PortSlots.Of(node))
        {
            if (use == PortUse.Mask && Read(name) is { IsOfMask: true } read)
            {
                // Switches let count what they are 1 for; floats are added.
                _shares.Add(read.AreSwitches(_isFloat)
                    ? read.With(number => number == 0 ? double.NegativeInfinity : 0)
                    : read);
            }
        }

        if (PortOperators.MakesShares(node))
        {
            if (node.Input.Count > 0 && Read(node.Input[0]) is { IsOfMask: true } scores)
            {
                _shares.Add(scores);
            }
        }
        else if (node.Output.Count > 0 && Made(node) is { } made)
        {
            foreach (var output in node.Output)
            {
                _readings[output] = made;
            }
        }
    }

    private MaskReading? Made(NodeProto node)
    {
        MaskReading?[] reads = [.. node.Input.Select(Read)];
        if (node.OpType == "Constant")
        {
            return node.Attribute.FirstOrDefault() switch
            {
                { Name: "value_float", F: var real } => MaskReading.Constant(real),
                { Name: "value_int", I: var whole } => MaskReading.Constant(whole),
                _ => null,
            };
        }

        if (node.OpType == "ConstantOfShape")
        {
            var value = node.Attribute.FirstOrDefault(attribute => attribute.Name == "value")?.T;
            return value is null ? MaskReading.Constant(0)
                : Uniform(node.Output[0], value) is { } number ? MaskReading.Constant(number) : null;
        }

        return reads.Length == 0
            || (!reads.Any(read => read is { IsOfMask: true }) && reads.Any(read => read is null) && !IsMove(node))
            ? null
            : node.OpType switch
            {
                "Cast" => reads[0]?.With(number => IsToBool(node) && number != 0 ? 1 : number),
                "Concat" => reads.FirstOrDefault(read => read is { IsOfMask: true }) ?? reads[0],
                _ when IsMove(node) => reads[0],
                "Not" => reads[0]?.With(number => number == 0 ? 1 : 0),
                "Neg" => reads[0]?.With(number => -number),
                "Where" => Chosen(reads),
                "ScatterND" or "ScatterElements" => reads[^1],
                _ when reads.Length == 2 => Combined(node.OpType, reads[0], reads[1]),
                _ => null,
            };
    }

    private static bool IsMove(NodeProto node) => Moves.Contains(node.OpType) || node.OpType == "Cast";

    // What is not known is a score, which is nothing, or another mask, which lets count. What is multiplied with it is
    // no bias.
    private static (double? Unknown, Func<double, double, double> Function)? Cells(string operation) =>
        operation switch
        {
            "Add" => (0, (a, b) => a + b),
            "Sub" => (0, (a, b) => a - b),
            "Mul" => (null, (a, b) => a == 0 || b == 0 ? 0 : a * b),
            "Div" => (null, (a, b) => a / b),
            "Min" => (0, Math.Min),
            "Max" => (double.MinValue, Math.Max),
            "And" => (1, (a, b) => a != 0 && b != 0 ? 1 : 0),
            "Or" => (0, (a, b) => a != 0 || b != 0 ? 1 : 0),
            _ => null,
        };

    // Places are compared too: only with a constant it is the mask that is looked at.
    private static Func<double, double, bool>? Comparison(string operation) => operation switch
    {
        "Equal" => (a, b) => a.Equals(b),
        "Less" => (a, b) => a < b,
        "LessOrEqual" => (a, b) => a <= b,
        "Greater" => (a, b) => a > b,
        "GreaterOrEqual" => (a, b) => a >= b,
        _ => null,
    };

    private static MaskReading? Combined(string operation, MaskReading? one, MaskReading? other)
    {
        if (Cells(operation) is (var unknown, var function))
        {
            return (one ?? Unknown(unknown)) is { } left && (other ?? Unknown(unknown)) is { } right
                ? left.With(right, function)
                : null;
        }

        return Comparison(operation) is { } comparison && one is { } first && other is { } second
            ? first.With(second, (a, b) => comparison(a, b) ? 1 : 0)
            : null;
    }

    private static MaskReading? Unknown(double? number) =>
        number is { } known ? MaskReading.Constant(known) : null;

    private static MaskReading? Chosen(MaskReading?[] reads)
    {
        var (when, otherwise) = (reads[1] ?? MaskReading.Constant(0), reads[2] ?? MaskReading.Constant(0));
        return reads[0] is { } choice
            ? new MaskReading(
                choice.Zero != 0 ? when.Zero : otherwise.Zero,
                choice.One != 0 ? when.One : otherwise.One,
                choice.Lowest != 0 ? when.Lowest : otherwise.Lowest,
                IsOfMask: true)
            : when.IsOfMask ? when : otherwise.IsOfMask ? otherwise : null;
    }

    private MaskReading? Read(string name) => _readings.TryGetValue(name, out var read) ? read : null;

    // Of a tensor whose numbers are all the same.
    private static double? Uniform(string name, TensorProto tensor)
    {
        if (tensor.DataLocation == TensorProto.Types.DataLocation.External
            || tensor.Dims.Aggregate(1L, (product, length) => product * length) is < 1 or > MostNumbers
            || ElementTypes.Bits((TensorProto.Types.DataType)tensor.DataType) == 0)
        {
            return null;
        }

        try
        {
            var numbers = TensorNumbers.Read(InlineData.Open(name, tensor)).Numbers;
            return Array.TrueForAll(numbers, number => number.Equals(numbers[0])) ? numbers[0] : null;
        }
        catch (Exception e) when (e is NotSupportedException or RefusedException)
        {
            return null;
        }
    }

    private static bool IsToBool(NodeProto node) =>
        node.Attribute.FirstOrDefault(attribute => attribute.Name == "to")?.I == (int)TensorProto.Types.DataType.Bool;
}
