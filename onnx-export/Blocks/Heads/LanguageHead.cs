using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;

namespace Stip.Export.Blocks.Heads;

/// <summary>From the residual stream to logits, for the rows asked for only.</summary>
/// <param name="Matrix">Stored <c>[vocab, hidden]</c>; the token table itself where the head is tied.</param>
internal sealed record LanguageHead(CheckpointTensor Matrix)
{
    /// <summary>Stored <c>[vocab]</c>, null where there is none.</summary>
    public CheckpointTensor? Bias { get; init; }

    /// <summary>What makes rows as narrow as the matrix, its name in the checkpoint; null where they are.</summary>
    public string? Inward { get; init; }

    /// <summary>What is done to rows before the product, null for nothing: takes their name, gives that of
    /// others.</summary>
    public Func<string, string>? Prepare { get; init; }

    /// <summary>Factor on the logits.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Logits are bent to stay below this; 0 leaves them.</summary>
    public double Softcap { get; init; }

    /// <summary>Picks rows <c>[n, hidden]</c> out of <c>[batch, seq, hidden]</c>, flat over batch and
    /// sequence.</summary>
    public static string SelectRows(DecoderGraph decoder, string input)
    {
        var graph = decoder.Graph;
        var flat = graph.Add(
            "Reshape", "head/Reshape", [input, graph.AddConstant("head.rows", -1, decoder.HiddenSize)]);
        return graph.Add("Gather", "head/Gather", [flat, DecoderPorts.Rows]);
    }

    /// <summary>Appends the product and what comes after it.</summary>
    public void Append(DecoderGraph decoder, string rows)
    {
        var vocabSize = (int)Matrix.Shape[0];
        var width = (int)Matrix.Shape[1];
        rows = Prepare?.Invoke(rows) ?? rows;
        if (Inward is not null)
        {
            var inward = decoder.Tensors.Require($"{Inward}.weight", width, decoder.HiddenSize);
            rows = Product.Append(
                decoder,
                "head.inward",
                rows,
                [new LinearPart(inward, HeadPadding.None(decoder.HiddenSize), HeadPadding.None(width))],
                inputAxes: 2);
        }

        var part = new LinearPart(Matrix, HeadPadding.None(width), HeadPadding.None(vocabSize));
        var steps = new List<(string Operator, string? Operand)>();
        if (Bias is not null)
        {
            var bias = decoder.Weights.Vector((Bias, HeadPadding.None(vocabSize)));
            steps.Add(("Add", decoder.Graph.AddWeight("head.bias", bias)));
        }

        if (Scale is not 1)
        {
            steps.Add(("Mul", decoder.Scalar("head.scale", Scale)));
        }

        if (Softcap > 0)
        {
            var limit = decoder.Scalar("head.softcap", Softcap);
            steps.AddRange([("Div", limit), ("Tanh", null), ("Mul", limit)]);
        }

        var logits = Product.Append(decoder, "head", rows, [part], inputAxes: 2);
        foreach (var (step, i) in steps.Select((step, i) => (step, i + 1)))
        {
            logits = decoder.Graph.Add(
                step.Operator, $"head/{i}/{step.Operator}", step.Operand is null ? [logits] : [logits, step.Operand]);
        }

        decoder.Graph.Rename(logits, DecoderPorts.Logits);
        decoder.Finish(vocabSize);
    }
}
