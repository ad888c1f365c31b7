using Stip.Export.Blocks.Weights;
using Stip.Onnx.Execution;

namespace Stip.Export.Blocks.Heads;

/// <summary>From one row of features to a logit for each label.</summary>
/// <param name="Dense">A layer before the last one, null where there is none.</param>
/// <param name="Activation">Function before the last layer, empty for none.</param>
/// <param name="Output">The last layer.</param>
internal sealed record ClassifierHead(string? Dense, string Activation, string Output)
{
    /// <summary>False where the last layer has a matrix alone.</summary>
    public bool HasBias { get; init; } = true;

    /// <summary>What makes one row of those of a text; the first row, unless it says otherwise.</summary>
    public Func<EncoderGraph, string, string> Pool { get; init; } = FirstRow.Append;

    /// <summary>True where every row goes through <see cref="Dense"/> before they become one.</summary>
    public bool PoolsLast { get; init; }

    /// <summary>Makes one row of those of a text and appends the head to it.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="rows">Features <c>[batch, seq, hidden]</c>.</param>
    /// <param name="labels">Number of labels.</param>
    public void AppendPooled(EncoderGraph encoder, string rows, int labels)
    {
        if (PoolsLast)
        {
            var pooled = Pool(encoder, AppendDense(encoder, rows));
            (this with { Dense = null, Activation = "" }).Append(encoder, pooled, labels);
            return;
        }

        Append(encoder, Pool(encoder, rows), labels);
    }

    /// <summary>Appends the head and declares its output, <c>logits [batch, labels]</c>.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="row">Features <c>[batch, hidden]</c>.</param>
    /// <param name="labels">Number of labels.</param>
    public void Append(ModelGraph model, string row, int labels)
    {
        var (graph, hidden) = (model.Graph, model.HiddenSize);
        row = AppendDense(model, row);
        var scores = Linear.FromLinear(model, "head", row, Output, hidden, labels, HasBias);
        graph.Append("", "Identity", "head/Identity", [scores], [EncoderPorts.Logits]);
        graph.AddOutput(EncoderPorts.Logits, model.Weights.Dtype, "batch", labels);
    }

    private string AppendDense(ModelGraph model, string rows)
    {
        var dense = Dense is null ? rows : Linear.FromLinear(
            model, "head.dense", rows, Dense, model.HiddenSize, model.HiddenSize, hasBias: true);
        return Activation.Length == 0
            ? dense
            : Blocks.FeedForward.Activation.Append(model.Graph, Activation, "head.act", dense);
    }
}
