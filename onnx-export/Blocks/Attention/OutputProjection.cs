using Stip.Export.Blocks.Weights;

namespace Stip.Export.Blocks.Attention;

/// <summary>From heads back to the residual stream.</summary>
/// <param name="Part">Its name in the checkpoint.</param>
/// <param name="HasBias">True where it has a bias.</param>
/// <param name="StoredOutputsFirst">True for torch's Linear, false for GPT-2's Conv1D.</param>
internal sealed record OutputProjection(string Part, bool HasBias, bool StoredOutputsFirst = true)
{
    public string Append(DecoderGraph decoder, string name, string input, string tensor, HeadPadding heads)
    {
        var (stored, hidden) = ($"{tensor}.{Part}", decoder.HiddenSize);
        var (rows, columns) = StoredOutputsFirst ? (hidden, heads.StoredLength) : (heads.StoredLength, hidden);
        var part = new LinearPart(
            decoder.Tensors.Require($"{stored}.weight", rows, columns),
            heads,
            HeadPadding.None(hidden),
            StoredOutputsFirst);
        var bias = HasBias
            ? decoder.Weights.Vector((decoder.Tensors.Require($"{stored}.bias", hidden), HeadPadding.None(hidden)))
            : null;
        return Linear.Append(decoder, name, input, [part], bias);
    }
}
