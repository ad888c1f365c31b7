using System.Text.Json;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Ports;
using Stip.Protocol.Packages;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Protection.Caches;

/// <summary>Which inputs of a decoder a server makes of lengths, beside the mask of whole numbers and the positions
/// that most have.</summary>
/// <param name="cloud">The server's graph.</param>
/// <param name="uses">What masks, positions and lengths among its inputs are.</param>
/// <param name="roles">What its free axes count.</param>
internal sealed class StepInputs(GraphProto cloud, PortUses uses, AxisRoles roles)
{
    private const int CountedRank = 2;

    /// <summary>True for a mask or positions <c>[batch, tokens]</c> of whole numbers as every server fills them.
    /// </summary>
    public bool IsUsual(ValueInfoProto input) =>
        input.Type?.TensorType?.ElemType is (int)DataType.Int64 or (int)DataType.Int32
        && input.Type!.TensorType.Shape?.Dim.Count == CountedRank
        && (uses[input.Name] == PortUse.Position || (uses[input.Name] == PortUse.Mask
            && MaskMeaning.Of(cloud, input.Name) is null or StepInputManifest.Mask));

    /// <summary>Those that can be made; null for none.</summary>
    /// <param name="others">Inputs that are rows or caches.</param>
    /// <param name="ports">The graph's names of usual inputs.</param>
    public IReadOnlyList<StepInputManifest>? Of(
        IReadOnlyCollection<string> others, IReadOnlyDictionary<string, string>? ports)
    {
        string[] usual = [.. new[] { EncoderPorts.Mask, DecoderPorts.Positions }
            .Select(name => ports?.GetValueOrDefault(name) ?? name)];
        StepInputManifest[] made =
        [
            .. cloud.Input.Where(input => !others.Contains(input.Name)
                    && !(usual.Contains(input.Name) && IsUsual(input)))
                .Select(Describe).OfType<StepInputManifest>(),
        ];
        return made.Length > 0 ? made : null;
    }

    private StepInputManifest? Describe(ValueInfoProto input)
    {
        var value = uses[input.Name] switch
        {
            PortUse.Mask => MaskMeaning.Of(cloud, input.Name)
                ?? (ElementTypes.AreQuantities(input) ? null : StepInputManifest.Mask),
            PortUse.Position => StepInputManifest.Positions,
            PortUse.LastPosition => StepInputManifest.Last,
            PortUse.Total => StepInputManifest.Total,
            PortUse.Past => StepInputManifest.Past,
            PortUse.Sequence => StepInputManifest.Rows,
            _ => null,
        };
        var axes = input.Type?.TensorType?.Shape?.Dim.Select(Axis).ToArray();
        return value is null || axes is null || Array.Exists(axes, axis => axis is null)
            ? null
            : new StepInputManifest(input.Name, value, [.. axes.Select(axis => axis!.Value)]);
    }

    private JsonElement? Axis(TensorShapeProto.Types.Dimension axis)
    {
        if (ProbeSizes.IsFixed(axis))
        {
            return axis.DimValue > 0 ? JsonSerializer.SerializeToElement(axis.DimValue) : null;
        }

        AxisRole[] counted = [.. SizeExpression.Symbols(axis.DimParam).Select(symbol => roles[symbol]).Distinct()];
        var word = counted switch
        {
            [AxisRole.Batch] => CacheTensorManifest.Batch,
            [AxisRole.Sequence] => StepInputManifest.Rows,
            [AxisRole.Past] => CacheTensorManifest.Length,
            [AxisRole.Total] => StepInputManifest.Total,
            [AxisRole.Past, AxisRole.Sequence] or [AxisRole.Sequence, AxisRole.Past] => StepInputManifest.Total,
            _ => null,
        };
        return word is null ? null : JsonSerializer.SerializeToElement(word);
    }
}
