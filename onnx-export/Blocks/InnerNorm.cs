using Stip.Export.Blocks.Attention;
using Stip.Onnx;

namespace Stip.Export.Blocks;

/// <summary>A norm inside a block, right before its way back to the stream.</summary>
/// <param name="Norm">Which norm.</param>
/// <param name="Part">Its weights beside those of the block.</param>
internal sealed record InnerNorm(Norm Norm, string Part)
{
    /// <summary>Appends it.</summary>
    /// <param name="decoder">The graph.</param>
    /// <param name="name">Name of the block in the graph.</param>
    /// <param name="tensor">Where the block is in the checkpoint.</param>
    /// <param name="rows">Rows <c>[batch, seq, channels]</c>.</param>
    /// <param name="channels">How the channels stand in the graph.</param>
    public string Append(DecoderGraph decoder, string name, string tensor, string rows, HeadPadding channels) =>
        channels.Stored == channels.Padded
            ? Norm.Append(decoder, $"{name}.before", $"{tensor}.{Part}", rows, channels)
            : throw new RefusedException($"config.json: heads of {channels.Stored} channels are filled up to "
                + $"{channels.Padded}, which a norm over all of them would see; it must be a multiple of 8");
}
