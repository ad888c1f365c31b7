using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;

namespace Stip.Export.Blocks.Heads;

/// <summary>From every row to a logit for each word of the vocabulary.</summary>
/// <param name="Dense">The layer before the last one, null where there is none.</param>
/// <param name="Norm">The norm after its activation, null where there is none.</param>
/// <param name="Decoder">Matrix of the last layer where it is not the word table.</param>
/// <param name="Bias">Bias of the last layer, null where there is none.</param>
internal sealed record MaskedWordsHead(string? Dense, string? Norm, string Decoder, string? Bias)
{
    /// <summary>Activation after <see cref="Dense"/>, null for that of the layers.</summary>
    public string? Activation { get; init; }

    /// <summary>False where <see cref="Dense"/> has no bias.</summary>
    public bool HasDenseBias { get; init; } = true;

    /// <summary>Appends the head and declares its output, <c>logits [batch, seq, vocab]</c>.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="rows">Features <c>[batch, seq, hidden]</c>.</param>
    /// <param name="sizes">Activation and norm.</param>
    /// <param name="words">The word table where it is the last layer's matrix too; null where that has its own.</param>
    /// <param name="vocabSize">Number of words.</param>
    /// <param name="width">Width of a row of that table.</param>
    public void Append(
        EncoderGraph encoder, string rows, EncoderSizes sizes, CheckpointTensor? words, int vocabSize, int width)
    {
        var graph = encoder.Graph;
        if (Dense is not null)
        {
            var dense = Linear.FromLinear(
                encoder, "head.dense", rows, Dense, encoder.HiddenSize, width, HasDenseBias);
            rows = Blocks.FeedForward.Activation.Append(graph, Activation ?? sizes.Activation, "head.act", dense);
        }

        if (Norm is not null)
        {
            rows = sizes.Norm.Append(encoder, "head.norm", Norm, rows, HeadPadding.None(width));
        }

        // A bias that belongs to the head and to its last layer has the name of either.
        var inner = $"{Decoder[..^"weight".Length]}bias";
        var bias = Bias is not null && !encoder.Tensors.Has(Bias) && encoder.Tensors.Has(inner) ? inner : Bias;
        var matrix = words ?? encoder.Tensors.Require(Decoder, vocabSize, width);
        var channels = HeadPadding.None(vocabSize);
        var scores = Linear.Append(
            encoder,
            "head",
            rows,
            [new LinearPart(matrix, HeadPadding.None(width), channels)],
            bias is null ? null : encoder.Weights.Vector((encoder.Tensors.Require(bias, vocabSize), channels)));
        graph.Append("", "Identity", "head/Identity", [scores], [EncoderPorts.Logits]);
        graph.AddOutput(EncoderPorts.Logits, encoder.Weights.Dtype, "batch", "seq", vocabSize);
    }
}
