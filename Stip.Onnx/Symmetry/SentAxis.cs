using Stip.Onnx.Model;

namespace Stip.Onnx.Symmetry;

/// <summary>The axis of features of what a client's graph sends; the others, batch and positions, stay.</summary>
internal static class SentAxis
{
    private static readonly HashSet<string> ChangesAxes = new(StringComparer.Ordinal)
    {
        "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "MatMul", "Gemm", "Einsum", "Gather",
    };

    /// <param name="graph">The client's graph.</param>
    /// <param name="output">What it sends.</param>
    /// <param name="shape">Its shape in the run, of at least one axis.</param>
    public static int Of(GraphProto graph, ValueInfoProto output, int[] shape)
    {
        var declared = output.Type?.TensorType?.Shape?.Dim;
        int[] stated = declared?.Count != shape.Length ? [] :
            [.. Enumerable.Range(0, shape.Length).Where(axis => declared[axis].DimValue > 1)];
        return stated is [var only] ? only
            : shape.Length > 2 && IsConvolved(graph, output.Name, shape) ? 1
            : shape.Length > 2 && FromEnd(graph, output.Name) is { } axis && axis + shape.Length >= 0
                ? axis + shape.Length
            : shape.Length - 1;
    }

    // Counted from the end. Rows of a table have their features last, until they are turned: what is added to scores
    // has one for each head, before the positions.
    private static int? FromEnd(GraphProto graph, string name)
    {
        if (graph.Node.FirstOrDefault(node => node.Output.Contains(name)) is not { } maker)
        {
            return null;
        }

        switch (maker.OpType)
        {
            case "Transpose" when maker.Attribute.FirstOrDefault(entry => entry.Name == "perm")?.Ints is { } perm:
                return FromEnd(graph, maker.Input[0]) is { } axis ? perm.IndexOf(axis + perm.Count) - perm.Count : null;
            case "Gather" when maker.Attribute.All(attribute => attribute.Name != "axis" || attribute.I == 0):
            case "MatMul":
                return -1;
            default:
                return ChangesAxes.Contains(maker.OpType) ? null
                    : maker.Input.Select(input => FromEnd(graph, input)).FirstOrDefault(found => found is not null);
        }
    }

    // A convolution's features stand second, and stay there until something turns or cuts them; its places may be laid
    // in a row.
    private static bool IsConvolved(GraphProto graph, string name, int[] shape)
    {
        var isFlat = false;
        while (graph.Node.FirstOrDefault(node => node.Output.Contains(name)) is { } maker
            && (!ChangesAxes.Contains(maker.OpType) || maker.OpType == "Reshape"))
        {
            if (maker.OpType.Contains("Conv", StringComparison.Ordinal))
            {
                var kernel = graph.Initializer.FirstOrDefault(weight => maker.Input.Contains(weight.Name)
                    && weight.Dims.Count > 2);
                return !maker.OpType.StartsWith("Nhwc", StringComparison.Ordinal)
                    && (!isFlat || kernel?.Dims[0] == shape[1]);
            }

            isFlat |= maker.OpType == "Reshape";
            name = maker.Input.FirstOrDefault(input => graph.Node.Any(node => node.Output.Contains(input))) ?? "";
        }

        return false;
    }
}
