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
    public int HeadDim => Hidden % Heads == 0
        ? Hidden / Heads
        : throw new RefusedException(
            $"config.json: {Heads} attention heads do not divide a hidden size of {Hidden}");

    /// <summary>False where norms have a factor alone.</summary>
    public bool HasNormBias { get; init; } = true;

    /// <summary>False where the projection from heads back to the stream has no bias.</summary>
    public bool HasOutputBias { get; init; } = true;

    /// <summary>False where the feed-forward part has no biases.</summary>
    public bool HasInnerBias { get; init; } = true;

    /// <summary>False where the way back of the feed-forward part has no bias.</summary>
    public bool HasDownBias { get; init; } = true;

    public Norm Norm => HasNormBias ? Norm.Layer(NormEpsilon) : Norm.LayerWithoutBias(NormEpsilon);
}
