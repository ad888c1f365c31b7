using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Weights;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Heads;

/// <summary>From the features of every row to numbers of that row.</summary>
internal static class RowHead
{
    /// <summary>Declares <c>logits [batch, seq, labels]</c>: what each token is.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="rows">Features <c>[batch, seq, hidden]</c>.</param>
    /// <param name="tensor">The layer in the checkpoint.</param>
    /// <param name="labels">Number of labels.</param>
    public static void AppendLabels(ModelGraph model, string rows, string tensor, int labels)
    {
        var scores = Linear.FromLinear(model, "head", rows, tensor, model.HiddenSize, labels, hasBias: true);
        model.Graph.Append("", "Identity", "head/Identity", [scores], [EncoderPorts.Logits]);
        model.Graph.AddOutput(EncoderPorts.Logits, model.Weights.Dtype, "batch", "seq", labels);
    }

    /// <summary>Declares <c>logits [batch, seq]</c>: that a token is not the text's own.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="rows">Features <c>[batch, seq, hidden]</c>.</param>
    /// <param name="tensor">The head in the checkpoint.</param>
    /// <param name="function">Function between its two layers.</param>
    public static void AppendReplaced(EncoderGraph encoder, string rows, string tensor, string function)
    {
        var (graph, hidden) = (encoder.Graph, encoder.HiddenSize);
        var dense = Linear.FromLinear(encoder, "head.dense", rows, $"{tensor}.dense", hidden, hidden, hasBias: true);
        var active = Activation.Append(graph, function, "head.act", dense);
        var scores = Linear.FromLinear(
            encoder, "head", active, $"{tensor}.dense_prediction", hidden, 1, hasBias: true);
        graph.Append(
            "", "Squeeze", "head/Squeeze", [scores, graph.AddConstant("head.axis", -1)], [EncoderPorts.Logits]);
        graph.AddOutput(EncoderPorts.Logits, encoder.Weights.Dtype, "batch", "seq");
    }

    /// <summary>Declares <c>start_logits</c> and <c>end_logits [batch, seq]</c>: where an answer begins and
    /// ends.</summary>
    public static void AppendAnswer(ModelGraph encoder, string rows, string tensor)
    {
        var graph = encoder.Graph;
        var scores = Linear.FromLinear(encoder, "head", rows, tensor, encoder.HiddenSize, 2, hasBias: true);
        var ends = graph.Append(
            "",
            "Split",
            "head/Split",
            [scores, graph.AddConstant("head.ends", 1, 1)],
            ["head/start", "head/end"],
            NodeAttribute.Int("axis", -1));
        foreach (var (end, port) in ends.Zip([EncoderPorts.StartLogits, EncoderPorts.EndLogits]))
        {
            graph.Append("", "Squeeze", $"{port}/Squeeze", [end, graph.Shared("head.axis", -1)], [port]);
            graph.AddOutput(port, encoder.Weights.Dtype, "batch", "seq");
        }
    }
}
