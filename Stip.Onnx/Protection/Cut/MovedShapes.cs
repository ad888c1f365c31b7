using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;
using Dimension = Stip.Onnx.Model.TensorShapeProto.Types.Dimension;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Shapes of values that only moved, where the graph does not state them: which axes are features follows from
/// what they were before.</summary>
/// <param name="shapeOf">The shape of a value, null where it is not known.</param>
/// <param name="makers">Nodes by the values that they make.</param>
/// <param name="tensors">Initialisers by name.</param>
internal sealed class MovedShapes(
    Func<string, TensorShapeProto?> shapeOf,
    IReadOnlyDictionary<string, NodeProto> makers,
    IReadOnlyDictionary<string, TensorProto> tensors)
{
    // What is no more than a number of positions.
    private const long Free = -1;

    private const string PositionWord = "sequence_";

    /// <summary>A name for an axis of positions that the graph does not name.</summary>
    public static string Positions(int axis) => $"{PositionWord}{axis}";

    /// <summary>True for a name of <see cref="Positions"/>.</summary>
    public static bool IsMadeUp(string name) => name.StartsWith(PositionWord, StringComparison.Ordinal)
        && name.AsSpan(PositionWord.Length).IndexOfAnyExceptInRange('0', '9') < 0;

    /// <summary>The shape of a node's first output, null where it cannot be told.</summary>
    public TensorShapeProto? Of(NodeProto node)
    {
        switch (node.OpType)
        {
            case "Transpose" when shapeOf(node.Input[0]) is { } shape:
                var order = node.Attribute.FirstOrDefault(attribute => attribute.Name == "perm")?.Ints.ToArray()
                    ?? [.. Enumerable.Range(0, shape.Dim.Count).Reverse().Select(axis => (long)axis)];
                return order.Length != shape.Dim.Count ? null : Made(order.Select(axis => shape.Dim[(int)axis]));
            case "Reshape" when Numbers(node.Input[1]) is { } target:
                var before = shapeOf(node.Input[0]);
                return Made(target.Select((length, axis) => length == 0 && axis < before?.Dim.Count
                    ? before.Dim[axis]
                    : Length(length, axis)));
            case "Unsqueeze" when shapeOf(node.Input[0]) is { } shape && Axes(node) is { } axes:
                var rank = shape.Dim.Count + axes.Length;
                var added = axes.Select(axis => Shapes.Axis(axis, rank)).ToHashSet();
                var next = 0;
                return Made([.. Enumerable.Range(0, rank)
                    .Select(axis => added.Contains(axis) ? Length(1, axis) : shape.Dim[next++])]);
            case "Expand" when Numbers(node.Input[1]) is { } wide:
                var narrow = shapeOf(node.Input[0])?.Dim;
                return Made(wide.Select((length, axis) => length != 1 ? Length(length, axis)
                    : narrow is null ? Length(Free, axis)
                    : axis - wide.Length + narrow.Count is >= 0 and var place ? narrow[place]
                    : Length(length, axis)));
            case "Gather" when IsOne(node.Input[1]) && shapeOf(node.Input[0]) is { } shape:
                var at = Shapes.Axis(node.Attribute.FirstOrDefault(a => a.Name == "axis")?.I ?? 0, shape.Dim.Count);
                return Made(shape.Dim.Where((_, axis) => axis != at));
            case "Concat" or "Where":
                return node.Input.Select(shapeOf).Where(shape => shape is not null)
                    .OrderByDescending(shape => shape!.Dim.Count).FirstOrDefault() is { } one
                    ? Joined(node, one)
                    : null;
            default:
                return null;
        }
    }

    // Parts of one axis add up to something else; along the others all are alike.
    private TensorShapeProto? Joined(NodeProto node, TensorShapeProto one)
    {
        var shape = one.Clone();
        if (node.OpType != "Concat")
        {
            return shape;
        }

        var axis = Shapes.Axis(node.Attribute.FirstOrDefault(a => a.Name == "axis")?.I ?? 0, shape.Dim.Count);
        if (axis >= shape.Dim.Count)
        {
            return null;
        }

        // Features side by side stay features, even where their number is not known.
        long[] widths = [.. node.Input.Select(shapeOf).Select(part =>
            axis < part?.Dim.Count ? part.Dim[axis].DimValue : 0)];
        shape.Dim[axis] = axis < shape.Dim.Count - 1 ? Length(Free, axis)
            : Array.TrueForAll(widths, width => width > 0) ? Length(widths.Sum(), axis)
            : new Dimension { DimParam = "features" };
        return shape;
    }

    private static TensorShapeProto Made(IEnumerable<Dimension> axes)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(axes.Select(axis => axis.Clone()));
        return shape;
    }

    private static Dimension Length(long length, int axis) => length > 0
        ? new Dimension { DimValue = length }
        : new Dimension { DimParam = axis == 0 ? "batch" : Positions(axis) };

    // One place, whose axis is gone then.
    private bool IsOne(string index) => tensors.TryGetValue(index, out var tensor) ? tensor.Dims.Count == 0
        : makers.TryGetValue(index, out var maker) && (HeldTensors.ValueOf(maker) is { Dims.Count: 0 }
            || maker.Attribute.Any(attribute => attribute.Name == "value_int"));

    private long[]? Axes(NodeProto node) =>
        node.Attribute.FirstOrDefault(attribute => attribute.Name == "axes")?.Ints.ToArray()
        ?? (node.Input.Count > 1 ? Numbers(node.Input[1]) : null);

    // Integers that are known, or are put together of some that are and others that are lengths.
    private long[]? Numbers(string name)
    {
        if (tensors.TryGetValue(name, out var tensor))
        {
            return IsShort(tensor) ? Read(name, tensor) : null;
        }

        if (!makers.TryGetValue(name, out var node))
        {
            return null;
        }

        return node.OpType switch
        {
            "Constant" when node.Attribute.FirstOrDefault(a => a.Name == "value")?.T is { } own && IsShort(own) =>
                Read(name, own),
            "Constant" when node.Attribute.FirstOrDefault(a => a.Name is "value_ints" or "value_int") is { } own =>
                own.Ints.Count > 0 ? [.. own.Ints] : [own.I],
            "Concat" => node.Input.Select(Numbers).ToArray() is var parts && parts.Any(part => part is null)
                ? null
                : [.. parts.SelectMany(part => part!)],
            "Shape" when node.Attribute.Count == 0 =>
                shapeOf(node.Input[0])?.Dim.Select(axis => axis.DimValue > 0 ? axis.DimValue : Free).ToArray(),
            "Slice" when node.Input.Count > 2 =>
                Part(Numbers(node.Input[0]), Numbers(node.Input[1]), Numbers(node.Input[2])),
            "Gather" => Numbers(node.Input[0]) is { } from && Numbers(node.Input[1]) is [var place]
                && Math.Abs(place) < from.Length ? [from[Shapes.Axis(place, from.Length)]] : [Free],
            "Unsqueeze" or "Cast" or "Identity" or "Reshape" => Numbers(node.Input[0]),
            "Squeeze" or "Mul" or "Div" or "Add" or "Sub" => [Free],
            _ => null,
        };
    }

    private static long[]? Part(long[]? list, long[]? starts, long[]? ends) =>
        list is null || starts is not [var start] || ends is not [var end]
            ? null
            : list[new Range(Place(start, list.Length), Math.Max(Place(start, list.Length), Place(end, list.Length)))];

    private static int Place(long place, int length) =>
        (int)Math.Clamp(place < 0 ? place + length : place, 0, length);

    private static bool IsShort(TensorProto tensor) =>
        tensor.ExternalData.Count == 0 && tensor.DataType == (int)TensorProto.Types.DataType.Int64
        && tensor.Dims.Count < 2;

    private static long[] Read(string name, TensorProto tensor) =>
        [.. TensorNumbers.Read(InlineData.Open(name, tensor)).Numbers.Select(number => (long)number)];
}
