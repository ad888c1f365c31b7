using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks;

/// <summary>A graph without a cache that is being built: every row sees every row that the mask lets count.</summary>
internal sealed class EncoderGraph : ModelGraph
{
    /// <param name="tensors">Tensors of the checkpoint.</param>
    /// <param name="dtype">Type the graph computes in.</param>
    /// <param name="hiddenSize">Width of the residual stream.</param>
    /// <param name="isMasked">True where rows may be padding; images have none.</param>
    public EncoderGraph(ITensorStore tensors, TensorDtype dtype, int hiddenSize, bool isMasked)
        : base("encoder", tensors, dtype, hiddenSize)
    {
        Embeds = Graph.AddInput(EncoderPorts.Embeds, dtype, "batch", "seq", hiddenSize);
        if (isMasked)
        {
            Mask = PaddingMask.Append(this, Graph.AddInput(EncoderPorts.Mask, TensorDtype.Int64, "batch", "seq"));
        }
    }

    /// <inheritdoc/>
    public override string Embeds { get; }

    /// <summary>What is added to attention scores, <c>[batch, 1, 1, seq]</c>; null where every row counts.</summary>
    public string? Mask { get; }
}
