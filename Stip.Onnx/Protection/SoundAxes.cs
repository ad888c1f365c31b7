using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Ports;

namespace Stip.Onnx.Protection;

/// <summary>Which free axes of a graph's inputs count samples of a sound, in the sound and in its mask.</summary>
internal sealed class SoundAxes
{
    private readonly ForeignSource _source;
    private readonly HashSet<string> _symbols;

    /// <param name="source">The graph.</param>
    public SoundAxes(ForeignSource source)
    {
        _source = source;

        // What features stand along too is a row of them (labels of points) and no sound.
        _symbols =
        [
            .. Symbols(source.Inputs.Where(input => source.Signals.Contains(input.Name)))
                .Except(Symbols(source.Inputs.Where(AreFeatures))),
        ];
    }

    /// <summary>True where an axis of that name counts samples.</summary>
    /// <param name="input">The input that has it.</param>
    /// <param name="symbol">Its name.</param>
    public bool Have(ValueInfoProto input, string symbol) => _symbols.Contains(symbol)
        && (_source.Signals.Contains(input.Name) || _source.Uses[input.Name] == PortUse.Mask);

    private bool AreFeatures(ValueInfoProto input) => !_source.Signals.Contains(input.Name)
        && ElementTypes.AreQuantities(input) && _source.Uses[input.Name] != PortUse.Mask
        && input.Type.TensorType.Shape?.Dim.Count > 2;

    private static IEnumerable<string> Symbols(IEnumerable<ValueInfoProto> inputs) => inputs
        .SelectMany(input => input.Type.TensorType.Shape?.Dim ?? [])
        .SelectMany(axis => SizeExpression.Symbols(axis.DimParam));
}
