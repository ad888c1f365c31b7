using Stip.Onnx;

namespace Stip.Export.Blocks;

/// <summary>Sizes of an encoder whose layers are alike.</summary>
/// <param name="Hidden">Width of the residual stream.</param>
/// <param name="Inner">Width inside the feed-forward part.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="Heads">Attention heads of a layer.</param>
/// <param name="Activation">Function of the feed-forward part.</param>
/// <param name="NormEpsilon">What norms add to the variance.</param>
/// <param name="HasQkvBias">True where queries, keys and values have biases.</param>
internal sealed record EncoderSizes(
    int Hidden, int Inner, int Layers, int Heads, string Activation, double NormEpsilon, bool HasQkvBias = true)
{
    /// <summary>Channels of a head.</summary>
    public int HeadDim => OwnHeadDim is { } own ? own
        : Hidden % Heads == 0 ? Hidden / Heads
        : throw new RefusedException(
            $"config.json: {Heads} attention heads do not divide a hidden size of {Hidden}");

    /// <summary>Channels of a head where config.json gives them, null where all heads together are as wide as the
    /// stream.</summary>
    public int? OwnHeadDim { get; init; }

    /// <summary>Heads of keys and values where queries share them, null where each has its own.</summary>
    public int? KvHeads { get; init; }

    /// <summary>True where norms scale by the root of the mean square (RMSNorm).</summary>
    public bool IsRms { get; init; }

    /// <summary>Channels of all heads of queries.</summary>
    public int QueryWidth => Heads * HeadDim;

    /// <summary>Channels of all heads of keys, or of values.</summary>
    public int KeyWidth => (KvHeads ?? Heads) * HeadDim;

    /// <summary>Factor on the scores where it is not the usual one.</summary>
    public double? OwnScale { get; init; }

    /// <summary>Factor on the scores.</summary>
    public double ScoreScale => OwnScale ?? 1 / Math.Sqrt(HeadDim);

    /// <summary>False where norms have a factor alone.</summary>
    public bool HasNormBias { get; init; } = true;

    /// <summary>False where the projection from heads back to the stream has no bias.</summary>
    public bool HasOutputBias { get; init; } = true;

    /// <summary>False where the feed-forward part has no biases.</summary>
    public bool HasInnerBias { get; init; } = true;

    /// <summary>False where the way back of the feed-forward part has no bias.</summary>
    public bool HasDownBias { get; init; } = true;

    /// <summary>Refuses heads that cannot be shared.</summary>
    public EncoderSizes Checked() => Heads % (KvHeads ?? Heads) == 0
        ? this
        : throw new RefusedException($"config.json: {Heads} attention heads cannot share {KvHeads} key/value heads; "
            + "the second must divide the first");

    public Norm Norm => IsRms ? Norm.Rms(NormEpsilon)
        : HasNormBias ? Norm.Layer(NormEpsilon) : Norm.LayerWithoutBias(NormEpsilon);
}
