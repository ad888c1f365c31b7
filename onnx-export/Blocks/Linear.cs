using Stip.Onnx.Model;

namespace Stip.Export.Blocks;

/// <summary>Matrix product with a weight <c>[in, out]</c>, and a bias where there is one.</summary>
internal static class Linear
{
    public static string Append(DecoderGraph decoder, string name, string input, Weight weight, Weight? bias)
    {
        var graph = decoder.Graph;
        var product = graph.Add("MatMul", $"{name}/MatMul", [input, graph.AddWeight($"{name}.weight", weight)]);
        return bias is null
            ? product
            : graph.Add("Add", $"{name}/Add", [product, graph.AddWeight($"{name}.bias", bias)]);
    }

    /// <summary>A projection stored as torch's Linear: <c>[out, in]</c>.</summary>
    public static string FromLinear(
        DecoderGraph decoder, string name, string input, string tensor, int inputs, int outputs, bool hasBias)
    {
        var matrix = decoder.Tensors.Require($"{tensor}.weight", outputs, inputs);
        return Append(
            decoder,
            name,
            input,
            decoder.Weights.Matrix(new LinearPart(matrix, HeadPadding.None(inputs), HeadPadding.None(outputs))),
            hasBias ? Bias(decoder, tensor, outputs) : null);
    }

    /// <summary>A projection stored as GPT-2's Conv1D: <c>[in, out]</c>, always with a bias.</summary>
    public static string FromConv1D(
        DecoderGraph decoder, string name, string input, string tensor, int inputs, int outputs)
    {
        var matrix = decoder.Tensors.Require($"{tensor}.weight", inputs, outputs);
        var part = new LinearPart(
            matrix, HeadPadding.None(inputs), HeadPadding.None(outputs), StoredOutputsFirst: false);
        return Append(decoder, name, input, decoder.Weights.Matrix(part), Bias(decoder, tensor, outputs));
    }

    private static Weight Bias(DecoderGraph decoder, string tensor, int outputs) =>
        decoder.Weights.Vector((decoder.Tensors.Require($"{tensor}.bias", outputs), HeadPadding.None(outputs)));
}
