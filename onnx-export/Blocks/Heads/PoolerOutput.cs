using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Weights;
using Stip.Onnx.Execution;

namespace Stip.Export.Blocks.Heads;

/// <summary>The features of the whole input, beside those of every row.</summary>
internal static class PoolerOutput
{
    /// <summary>Declares the output <c>pooler_output [batch, width]</c>.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="row">Features <c>[batch, width]</c>.</param>
    /// <param name="width">Their number.</param>
    public static void Append(ModelGraph model, string row, int width)
    {
        model.Graph.Append("", "Identity", "pooler_output/Identity", [row], [EncoderPorts.Pooled]);
        model.Graph.AddOutput(EncoderPorts.Pooled, model.Weights.Dtype, "batch", width);
    }

    /// <summary>The same of the first of the rows that the graph gives out, through a layer and its function; nothing
    /// where the checkpoint has no such layer.</summary>
    /// <param name="encoder">The graph, its rows declared.</param>
    /// <param name="tensor">The layer in the checkpoint.</param>
    /// <param name="function">Its function.</param>
    /// <param name="width">How many features it gives.</param>
    public static void AppendDense(EncoderGraph encoder, string tensor, string function, int width)
    {
        if (!encoder.Tensors.Has($"{tensor}.weight"))
        {
            return;
        }

        var dense = Linear.FromLinear(
            encoder,
            "pooler",
            FirstRow.Append(encoder, EncoderPorts.Hidden),
            tensor,
            encoder.HiddenSize,
            width,
            hasBias: true);
        Append(encoder, Activation.Append(encoder.Graph, function, "pooler.act", dense), width);
    }
}
