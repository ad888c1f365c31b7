using System.Runtime.CompilerServices;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Tells sums of what the user has in which all places count alike, as they do in a mean and a deviation, from
/// those with weights: a few of these tell each number that went into them.</summary>
/// <param name="raw">Values that tell what the user has.</param>
/// <param name="types">Shapes and makers of values.</param>
/// <param name="shape">Of what is summed up.</param>
/// <param name="isGone">Axes that are summed up.</param>
internal sealed class EvenSums(
    IReadOnlySet<string> raw, ValueTypes types, IReadOnlyList<TensorShapeProto.Types.Dimension> shape, bool[] isGone)
{
    private static readonly HashSet<string> Sums = new(StringComparer.Ordinal)
    {
        "ReduceSum", "ReduceMean", "ReduceL1", "ReduceL2", "ReduceSumSquare",
    };

    private static readonly HashSet<string> Bends = new(StringComparer.Ordinal)
    {
        "Cast", "Identity", "Dropout", "Abs", "Neg", "Sqrt", "Log", "Relu", "Clip", "Reciprocal",
    };

    private static readonly HashSet<string> Pairs = new(StringComparer.Ordinal)
    {
        "Add", "Sub", "Mul", "Div", "Pow", "Where",
    };

    private static readonly HashSet<string> Picks = new(StringComparer.Ordinal)
    {
        "Gather", "GatherElements", "GatherND",
    };

    private readonly HashSet<string> _sources = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Name, bool IsMoved, bool KnownAlone), bool> _found = [];

    /// <summary>True for a sum that is known to count all places alike.</summary>
    public bool AreKnown(NodeProto sum) => Sums.Contains(sum.OpType) && IsEven(sum.Input[0], false, knownAlone: true);

    /// <summary>How many numbers a moment of it has at most, of which a sum is known to be even; null where its shape
    /// does not say.</summary>
    public long? Channels => _sources.Count == 1 && types.ShapeOf(_sources.Single())?.Dim is { Count: > 0 } own
        ? own.Skip(1).Where(ProbeSizes.IsFixed).Aggregate(1L, (product, axis) => product * axis.DimValue)
        : null;

    /// <summary>True for a sum with weights that the graph holds.</summary>
    public bool HaveWeights(NodeProto sum) => Sums.Contains(sum.OpType)
        && !IsEven(sum.Input[0], false, knownAlone: false);

    // Axes that were moved since are not those that are summed up.
    private bool IsEven(string name, bool isMoved, bool knownAlone)
    {
        if (!raw.Contains(name))
        {
            return IsEvenWeight(name, isMoved);
        }

        // A square reads twice what it is of.
        var key = (name, isMoved, knownAlone);
        return _found.TryGetValue(key, out var found) ? found
            : RuntimeHelpers.TryEnsureSufficientExecutionStack()
                && (_found[key] = IsEvenMade(name, isMoved, knownAlone));
    }

    private bool IsEvenMade(string name, bool isMoved, bool knownAlone)
    {
        if (types.MakerOf(name) is not { } node)
        {
            _sources.Add(name);
            return !knownAlone || _sources.Count == 1;
        }

        if (RawValues.Keeps(node) && !Bends.Contains(node.OpType))
        {
            return IsEven(node.Input[0], true, knownAlone);
        }

        if (Bends.Contains(node.OpType))
        {
            return IsEven(node.Input[0], isMoved, knownAlone);
        }

        return Pairs.Contains(node.OpType)
            ? OuterReads.Of(node).All(read => IsEven(read, isMoved, knownAlone))
                && (!knownAlone || AreAsLong(OuterReads.Of(node).Where(raw.Contains), isMoved))
            : !knownAlone;
    }

    // One moment beside all of them weighs as much as they do.
    private bool AreAsLong(IEnumerable<string> parts, bool isMoved) => isMoved ? parts.Count() == 1
        : parts.All(part => types.ShapeOf(part)?.Dim is { } own && own.Count == shape.Count
            && own.Zip(shape).Where((_, axis) => isGone[axis]).All(pair => pair.First.Equals(pair.Second)));

    // What comes of the caller's masks, and means that were taken, stand as they are.
    private bool IsEvenWeight(string name, bool isMoved)
    {
        if (types.HeldOf(name) is { } tensor)
        {
            var behind = shape.Count - tensor.Dims.Count;
            return IsOneNumber(name, tensor)
                || (!isMoved && behind >= 0 && tensor.Dims.Index().All(axis =>
                    axis.Item == 1 || !isGone[behind + axis.Index]));
        }

        if (types.MakerOf(name) is not { } node || node.OpType is "ConstantOfShape"
            || node is { OpType: "Constant", Attribute: [{ Name: "value_float" or "value_int" }] })
        {
            return true;
        }

        var key = (name, isMoved, false);
        return _found.TryGetValue(key, out var found) ? found
            : RuntimeHelpers.TryEnsureSufficientExecutionStack() && (_found[key] = IsEvenlyMade(node, isMoved));
    }

    // A mask that was laid over weights is as uneven as they are.
    private bool IsEvenlyMade(NodeProto node, bool isMoved) =>
        node.OpType is "Expand" || Picks.Contains(node.OpType)
            || (RawValues.Keeps(node) && !Bends.Contains(node.OpType)) ? IsEvenWeight(node.Input[0], true)
        : Bends.Contains(node.OpType) || node.OpType is "Softmax" ? IsEvenWeight(node.Input[0], isMoved)
        : Pairs.Contains(node.OpType) ? OuterReads.Of(node).All(read => IsEvenWeight(read, isMoved))
        : ComesOfInputs(node);

    private bool ComesOfInputs(NodeProto node)
    {
        var (open, seen) = (new Stack<NodeProto>([node]), new HashSet<string>(StringComparer.Ordinal));
        while (open.TryPop(out var next))
        {
            if (next.OpType is "Shape" or "Size")
            {
                continue;
            }

            foreach (var read in OuterReads.Of(next).Where(seen.Add))
            {
                if (types.MakerOf(read) is { } maker)
                {
                    open.Push(maker);
                }
                else if (types.HeldOf(read) is null)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool IsOneNumber(string name, TensorProto tensor) =>
        tensor.DataLocation != TensorProto.Types.DataLocation.External
        && ElementTypes.Bits((TensorProto.Types.DataType)tensor.DataType) >= 8
        && TensorNumbers.Read(InlineData.Open(name, tensor)).Numbers is [var first, .. var others]
        && Array.TrueForAll(others, number => number == first);
}
