using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;

namespace Stip.Export.Blocks;

/// <summary>From the residual stream to logits, for the rows asked for only.</summary>
internal static class LanguageHead
{
    /// <summary>Picks rows <c>[n, hidden]</c> out of <c>[batch, seq, hidden]</c>, flat over batch and
    /// sequence.</summary>
    public static string SelectRows(DecoderGraph decoder, string input)
    {
        var graph = decoder.Graph;
        var flat = graph.Add(
            "Reshape", "head/Reshape", [input, graph.AddConstant("head.rows", -1, decoder.HiddenSize)]);
        return graph.Add("Gather", "head/Gather", [flat, DecoderPorts.Rows]);
    }

    /// <summary>Appends the product with the head's matrix, stored <c>[vocab, hidden]</c>, tied or not.</summary>
    public static void Append(DecoderGraph decoder, string rows, CheckpointTensor matrix, int vocabSize)
    {
        var part = new LinearPart(matrix, HeadPadding.None(decoder.HiddenSize), HeadPadding.None(vocabSize));
        var weight = decoder.Graph.AddWeight("head.weight", decoder.Weights.Matrix(part));
        decoder.Graph.Append("", "MatMul", "head/MatMul", [rows, weight], [DecoderPorts.Logits]);
        decoder.Finish(vocabSize);
    }
}
