using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Heads;

/// <summary>Layers that a sentence-transformers folder has after its pooling.</summary>
/// <remarks>Pooling is the client's, so that the server does not learn which text is near which. Layers come before it
/// where that gives the same: a mean of rows goes through a matrix as the rows do, and one row is one row. Where a mean
/// goes through a function, the graph pools.</remarks>
internal static class SentenceLayers
{
    /// <summary>True of a graph that gives features of every row, or of whole texts.</summary>
    public static bool HasFeatures(ModelGraph model) => model.Graph.Graph.Output.Any(
        port => port.Name is EncoderPorts.Hidden or EncoderPorts.TextEmbeds);

    /// <summary>Appends the layers of a folder behind the features that a model gives.</summary>
    public static void Append(ModelGraph model, Checkpoint checkpoint)
    {
        if (checkpoint.Sentence is not { Layers: { Count: > 0 } layers } sentence)
        {
            return;
        }

        var rows = model.Graph.Withdraw(EncoderPorts.Hidden);
        var poolsHere = PoolsInGraph(sentence);
        var features = poolsHere ? RowMean.Append(model, rows) : rows;
        foreach (var ((layer, store), place) in layers.Zip(checkpoint.SentenceTensors).Select((pair, i) => (pair, i)))
        {
            var name = $"sentence.{place}";
            var matrix = store.Require("linear.weight", layer.Outputs, layer.Inputs);
            var bias = layer.HasBias ? store.Require("linear.bias", layer.Outputs) : null;
            var entering = features;
            features = Linear.FromRows(model, name, features, matrix, bias);
            features = layer.Activation is { } function
                ? Activation.Append(model.Graph, function, $"{name}.act", features)
                : features;
            features = layer.HasResidual
                ? model.Graph.Add("Add", $"{name}.sum/Add", [features, Kept(layer, store, name, entering)])
                : features;
        }

        var port = poolsHere ? EncoderPorts.TextEmbeds : EncoderPorts.Hidden;
        model.Graph.Append("", "Identity", $"{port}/Identity", [features], [port]);
        Axis width = layers[^1].Outputs;
        Axis[] shape = poolsHere ? ["batch", width] : ["batch", "seq", width];
        model.Graph.AddOutput(port, model.Weights.Dtype, shape);

        string Kept(SentenceLayer layer, ITensorStore store, string name, string entering) =>
            layer.Inputs == layer.Outputs
                ? entering
                : Linear.FromRows(
                    model,
                    $"{name}.residual",
                    entering,
                    store.Require("residual.weight", layer.Outputs, layer.Inputs),
                    bias: null);
    }

    private static bool PoolsInGraph(SentenceModules sentence) => sentence.Pooling switch
    {
        "cls" or "lasttoken" => false,
        "mean" => sentence.Layers.Any(layer => layer.Activation is not null),
        var other => throw new RefusedException(
            $"modules.json: Dense follows pooling by '{other}'; it must be mean, cls or lasttoken"),
    };
}
