using Stip.Onnx.Model;
using Dimension = Stip.Onnx.Model.TensorShapeProto.Types.Dimension;

namespace Stip.Onnx.Symmetry.Ports;

/// <summary>
/// Tells masks of whole numbers that stand over features: heads, experts, words. Their axes are as long as the graph
/// says; lengths of texts, caches and pictures that a graph fixes as well are told by its other inputs.
/// </summary>
internal sealed class SwitchAxes
{
    private readonly PortUses _uses;
    private readonly HashSet<long> _batches = [];
    private readonly HashSet<long> _positions = [];
    private readonly List<long> _pictures = [];

    public SwitchAxes(IEnumerable<ValueInfoProto> inputs, PortUses uses)
    {
        _uses = uses;
        HashSet<long> caches = [0];
        HashSet<long> texts = [0, 1];
        foreach (var input in inputs.Where(input => uses[input.Name] != PortUse.Mask))
        {
            Dimension[] axes = [.. input.Type?.TensorType?.Shape?.Dim ?? []];
            _batches.UnionWith(axes.Length > 1 ? [axes[0].DimValue] : []);
            if (!ElementTypes.AreQuantities(input) || axes.Length is 1 or 2)
            {
                texts.UnionWith(axes.TakeLast(1).Select(axis => axis.DimValue));
            }
            else if (axes.Length > 2)
            {
                caches.Add(axes[^2].DimValue);
                texts.Add(axes[^2].DimValue);
                _pictures.AddRange(
                    axes.Length == 4 && axes[^1].DimValue == axes[^2].DimValue ? [axes[^1].DimValue] : []);
            }
        }

        _positions.UnionWith(caches.SelectMany(_ => texts, (cache, text) => cache + text));
    }

    /// <summary>True where the input is such a mask: its numbers stay where they are.</summary>
    public bool Has(ValueInfoProto input)
    {
        if (ElementTypes.AreQuantities(input) || _uses[input.Name] != PortUse.Mask)
        {
            return false;
        }

        Dimension[] axes = [.. input.Type?.TensorType?.Shape?.Dim ?? []];
        return axes.Index().Any(entry => ProbeSizes.IsFixed(entry.Item) && entry.Item.DimValue > 1
            && (entry.Index < axes.Length - 2 || !IsPosition(entry.Item.DimValue))
            && !(entry.Index == 0 && axes.Length > 1 && _batches.Contains(entry.Item.DimValue)));
    }

    // Patches of a picture are as many as squares fit it.
    private bool IsPosition(long length) => _positions.Contains(length) || _pictures.Any(side => side == length
        || (side * side % length == 0 && Math.Sqrt(side * side / length) % 1 == 0));
}
