using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Gives axes of inputs that have neither a length nor a name a name of their own, so that no two of them pass
/// for one.</summary>
internal static class AxisNames
{
    /// <summary>Changes the graph in place.</summary>
    public static void Complete(GraphProto graph)
    {
        var axes = graph.Input.Concat(graph.Output).SelectMany(port => port.Type?.TensorType?.Shape?.Dim ?? []);
        var taken = axes.Select(axis => axis.DimParam).ToHashSet(StringComparer.Ordinal);
        var number = 0;
        foreach (var axis in graph.Input.SelectMany(input => input.Type?.TensorType?.Shape?.Dim ?? [])
            .Where(axis => axis.ValueCase != TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue
                && axis.DimParam.Length == 0))
        {
            while (!taken.Add($"axis_{number}"))
            {
                number++;
            }

            axis.DimParam = $"axis_{number}";
        }
    }
}
