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
    public int Of(TensorShapeProto.Types.Dimension axis, IReadOnlyDictionary<string, int> known, bool isSignal)
    {
        var sizes = this;
        return axis.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue
            ? checked((int)axis.DimValue)
            : SizeExpression.Evaluate(axis.DimParam, symbol => known.TryGetValue(symbol, out var length)
                ? length
                : sizes.Of(symbol, isSignal));
    }

    private int Of(string symbol, bool isSignal)
    {
        return true switch
        {
            _ when Has("batch") => Batch,
            _ when Has("channel") => Channels,
            _ when Has("height") || Has("width") => Side,
            _ when isSignal => SoundSamples,
            _ when Has("encoder") && !Has("decoder") => EncoderTokens,
            _ when Has("past") && Has("total") => Past + Sequence,
            _ when Has("past") || Has("cache_len") => Past,
            _ when Has("total") || Has("max") || Has("kv_len") => Past + Sequence,
            _ => Sequence,
        };

        bool Has(string word) => symbol.Contains(word, StringComparison.OrdinalIgnoreCase);
    }
}
