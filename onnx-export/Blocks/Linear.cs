using Stip.Onnx.Model;

namespace Stip.Export.Blocks;

/// <summary>Matrix product with a weight <c>[in, out]</c>, and a bias where there is one.</summary>
internal static class Linear
{
    public static string Append(ModelGraph model, string name, string input, Weight weight, Weight? bias)
    {
        var graph = model.Graph;
        var product = graph.Add("MatMul", $"{name}/MatMul", [input, graph.AddWeight($"{name}.weight", weight)]);
        return bias is null
            ? product
            : graph.Add("Add", $"{name}/Add", [product, graph.AddWeight($"{name}.bias", bias)]);
    }

    /// <summary>A projection stored as torch's Linear: <c>[out, in]</c>.</summary>
    public static string FromLinear(
        ModelGraph model, string name, string input, string tensor, int inputs, int outputs, bool hasBias)
    {
        var matrix = model.Tensors.Require($"{tensor}.weight", outputs, inputs);
        return Append(
            model,
            name,
            input,
            model.Weights.Matrix(new LinearPart(matrix, HeadPadding.None(inputs), HeadPadding.None(outputs))),
            hasBias ? Bias(model, tensor, outputs) : null);
    }

    /// <summary>A projection stored as GPT-2's Conv1D: <c>[in, out]</c>, always with a bias.</summary>
    public static string FromConv1D(
        ModelGraph model, string name, string input, string tensor, int inputs, int outputs)
    {
        var matrix = model.Tensors.Require($"{tensor}.weight", inputs, outputs);
        var part = new LinearPart(
            matrix, HeadPadding.None(inputs), HeadPadding.None(outputs), StoredOutputsFirst: false);
        return Append(model, name, input, model.Weights.Matrix(part), Bias(model, tensor, outputs));
    }

    private static Weight Bias(ModelGraph model, string tensor, int outputs) =>
        model.Weights.Vector((model.Tensors.Require($"{tensor}.bias", outputs), HeadPadding.None(outputs)));
}
