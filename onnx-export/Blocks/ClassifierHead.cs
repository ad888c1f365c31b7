using Stip.Onnx.Execution;

namespace Stip.Export.Blocks;

/// <summary>From one row of features to a logit for each label.</summary>
/// <param name="Dense">A layer before the last one, null where there is none.</param>
/// <param name="Activation">Function after <paramref name="Dense"/>.</param>
/// <param name="Output">The last layer.</param>
internal sealed record ClassifierHead(string? Dense, string Activation, string Output)
{
    /// <summary>False where the last layer has a matrix alone.</summary>
    public bool HasBias { get; init; } = true;

    /// <summary>Appends the head and declares its output, <c>logits [batch, labels]</c>.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="row">Features <c>[batch, hidden]</c>.</param>
    /// <param name="labels">Number of labels.</param>
    public void Append(ModelGraph model, string row, int labels)
    {
        var (graph, hidden) = (model.Graph, model.HiddenSize);
        if (Dense is not null)
        {
            var dense = Linear.FromLinear(model, "head.dense", row, Dense, hidden, hidden, hasBias: true);
            row = Blocks.Activation.Append(graph, Activation, "head.act", dense);
        }

        var scores = Linear.FromLinear(model, "head", row, Output, hidden, labels, HasBias);
        graph.Append("", "Identity", "head/Identity", [scores], [EncoderPorts.Logits]);
        graph.AddOutput(EncoderPorts.Logits, model.Weights.Dtype, "batch", labels);
    }
}
