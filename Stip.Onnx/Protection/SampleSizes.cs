using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Protection;

/// <summary>Lengths of the free axes of a graph's inputs for one run.</summary>
/// <param name="Batch">Sequences.</param>
/// <param name="Sequence">New tokens.</param>
/// <param name="Past">Tokens in the cache.</param>
/// <param name="Side">Height and width of pictures.</param>
internal readonly record struct SampleSizes(int Batch, int Sequence, int Past, int Side)
{
    private const int EncoderTokens = 4;
    private const int Channels = 3;
    private const int SoundSamples = 1600;

    /// <summary>The length of an axis, fixed or by the words in its name.</summary>
    /// <param name="axis">The axis.</param>
    /// <param name="roles">What free axes count.</param>
    /// <param name="known">Lengths of symbols that are told otherwise.</param>
    /// <param name="areSamples">Says which symbols count samples of a sound.</param>
    public int Of(
        TensorShapeProto.Types.Dimension axis,
        AxisRoles roles,
        IReadOnlyDictionary<string, int> known,
        Func<string, bool> areSamples)
    {
        var sizes = this;
        return axis.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue
            ? checked((int)axis.DimValue)
            : SizeExpression.Evaluate(axis.DimParam, symbol => known.TryGetValue(symbol, out var length)
                ? length
                : sizes.Of(roles[symbol], areSamples(symbol)));
    }

    private int Of(AxisRole role, bool areSamples) => role switch
    {
        AxisRole.Batch => Batch,
        AxisRole.Channels => Channels,
        AxisRole.Side => Side,
        _ when areSamples => SoundSamples,
        AxisRole.Encoder => EncoderTokens,
        AxisRole.Past => Past,
        AxisRole.Total => Past + Sequence,
        _ => Sequence,
    };
}
