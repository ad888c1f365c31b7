using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Export.Architectures.Vision;

/// <summary>What networks over images of any size end in: labels of the mean of the last image, or that image and its
/// mean.</summary>
/// <param name="encoder">The graph.</param>
/// <param name="config">config.json.</param>
/// <param name="head">What it ends in.</param>
internal sealed class ImageTail(EncoderGraph encoder, ConfigJson config, VisionHead head)
{
    /// <summary>The layer that tells labels apart.</summary>
    public string Classifier { get; init; } = "classifier";

    /// <summary>What the mean goes through, null for nothing.</summary>
    public Func<string, string>? Normed { get; init; }

    /// <summary>True where the mean comes out as an image of one pixel.</summary>
    public bool KeepsSides { get; init; }

    /// <summary>False where the mean is for labels alone.</summary>
    public bool HasPooled { get; init; } = true;

    /// <summary>A model that is written as other exporters write it, from pixels on.</summary>
    public static ExportedModel Model(EncoderGraph encoder) =>
        ExportedModel.FromSignals(encoder, encoder.HiddenSize);

    /// <summary>Appends it and declares the outputs.</summary>
    /// <param name="image">An image <c>[batch, channels, height, width]</c>.</param>
    public void Append(string image)
    {
        if (head == VisionHead.Classes)
        {
            new ClassifierHead(Dense: null, Activation: "", Classifier).Append(
                encoder, Mean(image), Labels.Read(config).Names.Count);
            return;
        }

        var (graph, width, dtype) = (encoder.Graph, encoder.HiddenSize, encoder.Weights.Dtype);
        graph.Append("", "Identity", "last_hidden_state/Identity", [image], [EncoderPorts.Hidden]);
        graph.AddOutput(EncoderPorts.Hidden, dtype, "batch", width, "last_height", "last_width");
        if (KeepsSides)
        {
            graph.Append(
                "",
                "ReduceMean",
                "pooler_output/Mean",
                [image, graph.AddConstant("pooler.axes", 2, 3)],
                [EncoderPorts.Pooled],
                NodeAttribute.Int("keepdims", 1));
            graph.AddOutput(EncoderPorts.Pooled, dtype, "batch", width, 1, 1);
        }
        else if (HasPooled)
        {
            PoolerOutput.Append(encoder, Mean(image), width);
        }
    }

    private string Mean(string image)
    {
        var mean = encoder.Graph.Add(
            "ReduceMean",
            "pooler/ReduceMean",
            [image, encoder.Graph.AddConstant("pooler.axes", 2, 3)],
            NodeAttribute.Int("keepdims", 0));
        return Normed?.Invoke(mean) ?? mean;
    }
}
