using Stip.Onnx.Execution;

namespace Stip.Export.Blocks.Heads;

/// <summary>The features of every row as the model's output.</summary>
internal static class HiddenRows
{
    /// <summary>Declares the output <c>last_hidden_state [batch, seq, hidden]</c>.</summary>
    public static void Append(ModelGraph model, string rows)
    {
        model.Graph.Append("", "Identity", "last_hidden_state/Identity", [rows], [EncoderPorts.Hidden]);
        model.Graph.AddOutput(EncoderPorts.Hidden, model.Weights.Dtype, "batch", "seq", model.HiddenSize);
    }
}
