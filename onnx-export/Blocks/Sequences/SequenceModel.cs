using Stip.Export.Architectures;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.Sequences;

/// <summary>The three graphs of an encoder and a decoder, in the files that Optimum writes.</summary>
internal static class SequenceModel
{
    private const string States = "encoder_hidden_states";

    /// <summary>Builds them.</summary>
    /// <param name="checkpoint">The checkpoint, which holds the decoder under the names of the family.</param>
    /// <param name="dtype">Type the graphs compute in.</param>
    /// <param name="family">The model.</param>
    /// <param name="seen">The encoder, whole, where it is of another kind.</param>
    public static ExportedModel Build(
        Checkpoint checkpoint, TensorDtype dtype, SequenceFamily family, ModelGraph? seen = null)
    {
        var encoder = seen ?? Encoder(checkpoint.Tensors, dtype, family);
        return new ExportedModel(
            encoder,
            family.Hidden,
            family.VocabSize,
            family.Decoder.Positions is { } positions ? (int)positions.Shape[0] : int.MaxValue,
            IsTied: ReferenceEquals(family.Head, family.Words),
            new Dictionary<string, CheckpointTensor>())
        {
            WholeGraphs = new Dictionary<string, ModelGraph>
            {
                ["encoder_model.onnx"] = encoder,
                ["decoder_model.onnx"] = Decoder(checkpoint.Tensors, dtype, family, SequenceRole.FirstStep),
                ["decoder_with_past_model.onnx"] = Decoder(
                    checkpoint.Tensors, dtype, family, SequenceRole.NextSteps),
            },
        };
    }

    /// <summary>Builds the encoder alone.</summary>
    /// <param name="tensors">Its tensors.</param>
    /// <param name="dtype">Type the graph computes in.</param>
    /// <param name="family">The model that it is the encoder of.</param>
    public static SequenceGraph Encoder(ITensorStore tensors, TensorDtype dtype, SequenceFamily family)
    {
        var encoder = new SequenceGraph(tensors, dtype, family, SequenceRole.Encoder);
        var rows = new SequenceLayers(encoder, family, family.Encoder!).Append(encoder.Start(), states: null);
        encoder.Graph.Append("", "Identity", "last_hidden_state/Identity", [rows], [EncoderPorts.Hidden]);
        encoder.Graph.AddOutput(EncoderPorts.Hidden, dtype, "batch", "encoder_seq", family.Hidden);
        return encoder;
    }

    private static SequenceGraph Decoder(
        ITensorStore tensors, TensorDtype dtype, SequenceFamily family, SequenceRole role)
    {
        var decoder = new SequenceGraph(tensors, dtype, family, role);
        var (graph, stack) = (decoder.Graph, family.Decoder);
        if (role == SequenceRole.FirstStep)
        {
            graph.AddInput(States, dtype, "batch", "encoder_seq", family.StatesWidth ?? family.Hidden);
        }
        else
        {
            DeclareCaches(decoder, stack, family.HeadDim);
        }

        var rows = new SequenceLayers(decoder, family, stack).Append(
            decoder.Start(), role == SequenceRole.FirstStep ? Projected(decoder, family) : null);
        rows = family.BeforeHead?.Invoke(decoder, rows) ?? rows;
        rows = family.HeadScale is 1 ? rows : graph.Add("Mul", "head/Mul", [
            rows, graph.AddConstant("head.scale", dtype, family.HeadScale)]);
        var scores = Linear.FromRows(decoder, "head", rows, family.Head, family.HeadBias);
        graph.Append("", "Identity", "head/Identity", [scores], [EncoderPorts.Logits]);
        graph.AddOutput(EncoderPorts.Logits, dtype, "batch", "seq", family.VocabSize);
        return decoder;
    }

    private static string Projected(SequenceGraph decoder, SequenceFamily family) =>
        family.StatesProjection is { } matrix
            ? Linear.FromLinear(
                decoder, "states", States, matrix, family.StatesWidth ?? family.Hidden, family.Hidden, hasBias: true)
            : States;

    private static void DeclareCaches(SequenceGraph decoder, SequenceStack stack, int headDim)
    {
        for (var layer = 0; layer < stack.Count; layer++)
        {
            foreach (var (side, length) in new[] { ("decoder", "past_seq"), ("encoder", "encoder_seq") })
            {
                foreach (var part in new[] { "key", "value" })
                {
                    decoder.Graph.AddInput(
                        SequencePorts.Past(layer, side, part),
                        decoder.Weights.Dtype,
                        "batch",
                        stack.Heads,
                        length,
                        headDim);
                }
            }
        }
    }
}
