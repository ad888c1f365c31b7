using Stip.Onnx.Execution;

namespace Stip.Export.Blocks;

/// <summary>The features of every row as the model's output.</summary>
internal static class HiddenRows
{
    /// <summary>Declares the output <c>last_hidden_state [batch, seq, hidden]</c>.</summary>
    public static void Append(EncoderGraph encoder, string rows)
    {
        encoder.Graph.Append("", "Identity", "last_hidden_state/Identity", [rows], [EncoderPorts.Hidden]);
        encoder.Graph.AddOutput(EncoderPorts.Hidden, encoder.Weights.Dtype, "batch", "seq", encoder.HiddenSize);
    }
}
