using System.Text.Json;
using Google.Protobuf.Collections;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using AxisKind = Stip.Onnx.Model.TensorShapeProto.Types.Dimension.ValueOneofCase;

namespace Stip.Onnx.Model;

/// <summary>Inputs and outputs of a graph as manifests state them.</summary>
internal static class GraphSignature
{
    /// <summary>Inputs that are not initialisers, in graph order.</summary>
    public static IReadOnlyList<TensorManifest> Inputs(GraphProto graph)
    {
        var initializers = graph.Initializer.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        return [.. graph.Input.Where(input => !initializers.Contains(input.Name)).Select(Describe)];
    }

    /// <summary>Outputs in graph order.</summary>
    public static IReadOnlyList<TensorManifest> Outputs(GraphProto graph) => [.. graph.Output.Select(Describe)];

    private static TensorManifest Describe(ValueInfoProto value)
    {
        var tensor = value.Type?.TensorType ?? new TypeProto.Types.Tensor();
        var dtype = OnnxDtypes.FromOnnx(tensor.ElemType)?.WireName()
            ?? ((TensorProto.Types.DataType)tensor.ElemType).ToString().ToLowerInvariant();
        return new TensorManifest(value.Name, dtype, Shape(tensor.Shape?.Dim));
    }

    private static JsonElement[] Shape(RepeatedField<TensorShapeProto.Types.Dimension>? axes) =>
        axes is null ? [] : [.. axes.Select((axis, i) => axis.ValueCase switch
        {
            AxisKind.DimValue => JsonSerializer.SerializeToElement(axis.DimValue),
            AxisKind.DimParam when axis.DimParam.Length > 0 => JsonSerializer.SerializeToElement(axis.DimParam),
            _ => JsonSerializer.SerializeToElement($"axis_{i}"),
        })];
}
