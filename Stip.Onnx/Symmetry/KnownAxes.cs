using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Ports;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>Lengths that a graph leaves free in its inputs and that its weights tell all the same.</summary>
internal static class KnownAxes
{
    private const int LargestGrid = 64;
    private const int SoundRank = 3;
    private const int ShortSound = 400;
    private const int LongestSound = 4096;

    // A side that is halved by every stage, whatever the kernel of the first.
    private const int PowerOfTwo = 64;

    // Sides that detectors and classifiers are trained at: tables that only fit there have no square of places.
    private static readonly int[] Usual = [224, 256, 384, 512, 640];

    /// <summary>By symbol: head sizes of caches, channels of pictures.</summary>
    public static IReadOnlyDictionary<string, int> Of(GraphProto graph)
    {
        var lengths = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (name, size) in new ProjectionWidths(graph).HeadSizes())
        {
            if (Axis(graph, name, 3) is { DimParam.Length: > 0 } axis)
            {
                lengths[axis.DimParam] = size;
            }
        }

        foreach (var (input, weight, _) in Convolved(graph))
        {
            if (input.Type?.TensorType?.Shape?.Dim.Count == weight.Dims.Count
                && Axis(graph, input.Name, 1) is { DimParam.Length: > 0 } channels)
            {
                lengths[channels.DimParam] = (int)weight.Dims[1];
            }
        }

        return lengths;
    }

    /// <summary>By symbol: how many rows stand for each sequence of a batch, where a graph parts the first axis of an
    /// input so at once (codebooks of music).</summary>
    public static IReadOnlyDictionary<string, int> Multiples(GraphProto graph)
    {
        var multiples = new Dictionary<string, int>(StringComparer.Ordinal);
        var held = HeldTensors.Of(graph).ToDictionary(
            entry => entry.Name, entry => entry.Tensor, StringComparer.Ordinal);
        var joined = graph.Node.Where(node => node is { OpType: "Concat", Input.Count: > 1 })
            .DistinctBy(node => node.Output[0]).ToDictionary(node => node.Output[0], StringComparer.Ordinal);
        foreach (var node in graph.Node.Where(node => node is { OpType: "Reshape", Input.Count: 2 }))
        {
            string[] parts = joined.TryGetValue(node.Input[1], out var concat) ? [.. concat.Input] : [node.Input[1]];
            int[] target = [.. parts.TakeWhile(held.ContainsKey).SelectMany(part => Numbers(held[part]))];
            if (target is [-1, > 1 and var rows, ..] && Axis(graph, node.Input[0], 0) is { DimParam.Length: > 0 } axis
                && graph.Input.Count(input => Axis(graph, input.Name, 0)?.DimParam == axis.DimParam) == 1)
            {
                multiples[axis.DimParam] = rows;
            }
        }

        return multiples;
    }

    private static int[] Numbers(TensorProto tensor) =>
        tensor.DataLocation == TensorProto.Types.DataLocation.External
        || tensor.DataType != (int)TensorProto.Types.DataType.Int64
            ? []
            : TensorNumbers.Read(InlineData.Open(tensor.Name, tensor)).Integers;

    /// <summary>By symbol: positions of caches that hold a window and no more, whatever the sequence.</summary>
    public static IReadOnlyDictionary<string, int> Windows(GraphProto graph)
    {
        var windows = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var node in graph.Node.Where(node => node.OpType == "GroupQueryAttention" && node.Input.Count > 4))
        {
            var window = Number(node, "local_window_size");
            if (window > 0 && Number(node, "sliding_window_cache") != 0
                && Axis(graph, node.Input[3], 2) is { DimParam.Length: > 0 } axis)
            {
                windows[axis.DimParam] = window;
            }
        }

        return windows;
    }

    /// <summary>Heights that pictures may have, the likeliest first; empty where the graph takes none of a free
    /// size.</summary>
    public static IReadOnlyList<int> Pictures(GraphProto graph)
    {
        var pictures = Convolved(graph).Where(entry => entry.Weight.Dims.Count == 4
            && Axis(graph, entry.Input.Name, 3) is { } width && !ProbeSizes.IsFixed(width)).ToArray();
        if (pictures.Length == 0)
        {
            return [];
        }

        var patch = (int)pictures[0].Weight.Dims[3];
        var tables = HeldTensors.Of(graph).Select(held => held.Tensor).Where(tensor => tensor.Dims.Count is 2 or 3)
            .SelectMany(tensor => new[] { tensor.Dims[^2] - 1, tensor.Dims[^2] - 2, tensor.Dims[^2] })
            .Where(cells => cells > 1 && Math.Sqrt(cells) % 1 == 0).Select(cells => (int)Math.Sqrt(cells))
            .Where(grid => grid is > 1 and <= LargestGrid);
        int[] grids = [8, 4, 2, 16, 14, 32, 7];
        return [.. tables.Concat(grids).Select(grid => grid * patch).Append(PowerOfTwo).Concat(Usual).Distinct()];
    }

    /// <summary>True where a convolution over one axis reads an input.</summary>
    public static bool HasSounds(GraphProto graph) => Convolved(graph).Any(entry => entry.Weight.Dims.Count == 3);

    /// <summary>How many ids the graph takes, null where that is free.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="uses">What its inputs are used for.</param>
    public static int? SequenceLength(GraphProto graph, PortUses uses) => graph.Input
        .Where(input => input.Type?.TensorType is { Shape: not null } type
            && !ElementTypes.IsFloat((TensorProto.Types.DataType)type.ElemType)
            && type.Shape.Dim.Count == 2
            && uses[input.Name] != PortUse.Mask)
        .Select(input => input.Type.TensorType.Shape.Dim[1])
        .Where(ProbeSizes.IsFixed).Select(axis => (int?)(int)axis.DimValue).FirstOrDefault(length => length > 0);

    /// <summary>Samples of a sound of which convolutions leave a few frames, null where the graph takes no sound, or
    /// where it is short.</summary>
    public static int? SoundLength(GraphProto graph)
    {
        if (!Convolved(graph).Any(entry => entry.Weight.Dims.Count == SoundRank))
        {
            return null;
        }

        var kernels = HeldTensors.Of(graph).Where(held => held.Tensor.Dims.Count == SoundRank)
            .ToDictionary(held => held.Name, held => held.Tensor, StringComparer.Ordinal);
        var (reach, step) = (1L, 1L);
        foreach (var node in graph.Node)
        {
            // Those with padding give as many frames as they take.
            if (KernelOf(node) is { } name && kernels.TryGetValue(name, out var kernel) && !IsPadded(node))
            {
                reach += (kernel.Dims[^1] - 1) * step;
                step *= node.Attribute.FirstOrDefault(attribute => attribute.Name == "strides")?.Ints[0] ?? 1;
            }
        }

        return reach + (2 * step) is > ShortSound and <= LongestSound and var samples ? (int)samples : null;
    }

    private static bool IsPadded(NodeProto node) =>
        node.Attribute.Any(attribute => attribute.Name == "pads" && attribute.Ints.Any(pad => pad != 0));

    // Inputs that a convolution reads, at most through operators that keep their cells.
    public static IEnumerable<(ValueInfoProto Input, TensorProto Weight, NodeProto Node)> Convolved(GraphProto graph)
    {
        var producers = new Dictionary<string, NodeProto>(StringComparer.Ordinal);
        var weights = HeldTensors.Of(graph).ToDictionary(
            held => held.Name, held => held.Tensor, StringComparer.Ordinal);
        foreach (var node in graph.Node)
        {
            foreach (var output in node.Output)
            {
                producers[output] = node;
            }
        }

        foreach (var node in graph.Node)
        {
            if (KernelOf(node) is { } kernel
                && graph.Input.FirstOrDefault(input => input.Name == Before(node.Input[0], producers)) is { } input
                && weights.TryGetValue(Before(kernel, producers), out var weight) && weight.Dims.Count > 2)
            {
                yield return (input, weight, node);
            }
        }
    }

    private static string? KernelOf(NodeProto node) => node.OpType switch
    {
        "Conv" or "FusedConv" or "ConvInteger" when node.Input.Count > 1 => node.Input[1],
        "QLinearConv" when node.Input.Count > 3 => node.Input[3],
        _ => null,
    };

    private static string Before(string name, Dictionary<string, NodeProto> producers)
    {
        while (producers.TryGetValue(name, out var before) && before.OpType is "Cast" or "Identity" or "Mul" or "Sub"
            or "Div" or "Unsqueeze" or "Transpose" or "QuantizeLinear" or "DequantizeLinear" or "DynamicQuantizeLinear")
        {
            name = before.Input[0];
        }

        return name;
    }

    private static int Number(NodeProto node, string name) =>
        (int)(node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.I ?? 0);

    private static TensorShapeProto.Types.Dimension? Axis(GraphProto graph, string input, int axis)
    {
        var shape = graph.Input.FirstOrDefault(value => value.Name == input)?.Type?.TensorType?.Shape;
        return shape is not null && axis < shape.Dim.Count ? shape.Dim[axis] : null;
    }
}
