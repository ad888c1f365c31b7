using Google.Protobuf.Collections;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Ports;
using Stip.Onnx.Symmetry.Values;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;
using Dimension = Stip.Onnx.Model.TensorShapeProto.Types.Dimension;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// What the inputs of a graph are while it runs on labels: free labels for features, pinned ones for signals whose
/// places mean something, small numbers for ids, masks and positions.
/// </summary>
internal sealed class ProbeInputs(GraphPart part, NodeStore store, PartFlow flow, ProbeSizes sizes)
{
    private readonly HashSet<string> _signals =
        [.. KnownAxes.Convolved(part.Graph).Select(entry => entry.Input.Name)];

    private readonly SwitchAxes _switches = new(part.SizedBy, sizes.Uses);

    /// <summary>Float inputs, in graph order.</summary>
    public List<LabelledPort> Ports { get; } = [];

    public Value Make(ValueInfoProto input)
    {
        if (flow.Handed(part, input.Name) is { } handed)
        {
            if (handed.Port is { } port)
            {
                Ports.Add(port);
            }

            return handed.Value;
        }

        var shape = sizes.Shape(input)
            ?? throw new RefusedException($"input '{input.Name}' of the graph has no shape");
        var type = (DataType)input.Type.TensorType.ElemType;
        var dimensions = input.Type.TensorType.Shape.Dim;
        if (_switches.Has(input) || (!ElementTypes.AreQuantities(input) && sizes.Uses[input.Name] == PortUse.Mask
            && TellsFeatures(dimensions)))
        {
            return FreeLabels.None(store, $"switches {part.Key}.{input.Name}", shape);
        }

        if (!ElementTypes.AreQuantities(input) || IsMask(input.Name, dimensions))
        {
            double[] numbers = [.. Numbers(input.Name, shape, dimensions)];
            return new KnownValue(shape, numbers, type, KnownOrigin.Caller)
            {
                Trace = store.Kinds.Id($"sent {part.Key}.{input.Name}"),
            };
        }

        if (_signals.Contains(input.Name) || IsPicture(shape))
        {
            return Signal(input.Name, shape, dimensions[0]);
        }

        int[] features = [.. Enumerable.Range(0, shape.Length).Where(axis => sizes.IsFeature(dimensions[axis]))];
        return Free(input.Name, shape, features, dimensions);
    }

    // A mask for every head tells heads apart: numbers move with them, switches hold them, wherever their axis stands.
    private bool TellsFeatures(RepeatedField<Dimension> dimensions) =>
        dimensions.SkipLast(2).Any(axis => sizes.IsFeature(axis) && axis.DimValue != 1);

    // Masks and biases of scores are as wide as there are positions.
    private bool IsMask(string name, RepeatedField<Dimension> dimensions) =>
        sizes.Uses[name] == PortUse.Mask
        && !TellsFeatures(dimensions)
        && !dimensions.Any(axis => sizes.IsFeature(axis) && axis.DimValue != 1 && !sizes.IsPosition(dimensions[^1]));

    // Users have pictures of pixels, which never move, whatever a client's graph makes of them first.
    private bool IsPicture(int[] shape) => part is { IsClient: true, TakesFeatures: false } && shape.Length > 3;

    // Pictures and spectra stay as they are, cell by cell; which place is which is told once it matters.
    private Value Signal(string name, int[] shape, Dimension batch)
    {
        Ports.Add(new LabelledPort(name, [], [], [store.Fresh(store.Kinds.Id($"input {part.Key}.{name}"))]));
        var kind = $"signal {part.Key}.{name}";
        return store.LongestRun == 1 || shape.Length < 3
            ? FreeLabels.None(store, kind, shape)
            : new FeatureMapValue(
                store,
                shape,
                new int[Shapes.Count(shape.AsSpan(2))],
                [CellWise.Ordered(store, store.Kinds.Id(kind), store.Places(shape[1]))])
            {
                HasAlikeRows = part.HasAlikeRows && ProbeSizes.IsBatch(batch),
            };
    }

    private LabelValue Free(string name, int[] shape, int[] features, RepeatedField<Dimension> axes)
    {
        var featureShape = Array.ConvertAll(features, axis => shape[axis]);
        var joined = flow.Joined(part, name);
        var count = Shapes.Count(featureShape);
        if (joined is not null && joined.Length % count != 0)
        {
            throw new RefusedException(
                $"input '{name}' has {count} features, the output joined with it {joined.Length}");
        }

        // A client's graph gets what users have, each number in its place: pixels never move.
        var places = part is { IsClient: true, TakesFeatures: false } ? store.Places(count) : null;

        // What has a fixed number of rows there is the same in every one of them here.
        int[][] operands = [.. joined?.Chunk(count) ?? [], .. new[] { places }.OfType<int[]>()];
        var kind = store.Kinds.Id($"input {part.Key}.{name}");
        var nodes = operands.Length == 0 ? store.FreshRun(kind, count) : CellWise.Fresh(store, kind, operands);
        Ports.Add(new LabelledPort(name, features, featureShape, nodes));
        int[] alike = part.HasAlikeRows
            ? [.. Enumerable.Range(0, shape.Length).Where(axis => ProbeSizes.IsBatch(axes[axis]))]
            : [];
        return FreeLabels.Of(store, nodes, shape, features, alike);
    }

    // Lengths and masks must fit the sizes of the run; any other number only has to be a valid index, and differs from
    // place to place, so that what is looked up or added there is told apart.
    private IEnumerable<double> Numbers(string name, int[] shape, RepeatedField<Dimension> axes)
    {
        var last = shape.Length == 0 ? 1 : shape[^1];
        var use = sizes.Uses[name];
        return Enumerable.Range(0, Shapes.Count(shape)).Select(i => use switch
        {
            PortUse.Mask or PortUse.Branch => 1.0,
            PortUse.Position => sizes.Past + (i % last) + KindOfPosition(i, shape, axes),
            PortUse.LastPosition => sizes.Total - 1,
            PortUse.Total => sizes.Total,
            PortUse.Past => sizes.Past,
            PortUse.Sequence => sizes.Sequence,
            _ => i,
        });
    }

    // Positions in time, in rows and in columns are rows of one input along an axis of fixed length. They are equal for
    // text only, so angles of one must not trade places with those of another.
    private static int KindOfPosition(int cell, int[] shape, RepeatedField<Dimension> axes)
    {
        var (kind, inner) = (0, 1);
        for (var axis = shape.Length - 1; axis >= 0; axis--)
        {
            kind += axis < shape.Length - 1 && ProbeSizes.IsFixed(axes[axis]) ? cell / inner % shape[axis] : 0;
            inner *= shape[axis];
        }

        return kind;
    }
}
