using Stip.Export.Blocks.Attention;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Weights;

/// <summary>Matrix product with a weight <c>[in, out]</c>, and a bias where there is one.</summary>
internal static class Linear
{
    /// <summary>Number of axes of rows <c>[batch, seq, features]</c>.</summary>
    public const int RowsOfASequence = 3;

    public static string Append(
        ModelGraph model,
        string name,
        string input,
        IReadOnlyList<LinearPart> parts,
        Weight? bias,
        int inputAxes = RowsOfASequence)
    {
        var graph = model.Graph;
        var product = Product.Append(model, name, input, parts, inputAxes);
        return bias is null
            ? product
            : graph.Add("Add", $"{name}/Add", [product, model.AddWeight($"{name}.bias", bias)]);
    }

    /// <summary>A projection stored as torch's Linear: <c>[out, in]</c>.</summary>
    public static string FromLinear(
        ModelGraph model, string name, string input, string tensor, int inputs, int outputs, bool hasBias) =>
        FromRows(
            model,
            name,
            input,
            model.Tensors.Require($"{tensor}.weight", outputs, inputs),
            hasBias ? model.Tensors.Require($"{tensor}.bias", outputs) : null);

    /// <summary>The same from tensors at hand, e.g. a part of a larger one.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="name">Name in the graph.</param>
    /// <param name="input">Rows whose last axis is as long as the matrix is wide.</param>
    /// <param name="matrix">Stored <c>[out, in]</c>.</param>
    /// <param name="bias">Stored <c>[out]</c>, or none.</param>
    /// <param name="inputAxes">Number of axes of the rows.</param>
    public static string FromRows(
        ModelGraph model,
        string name,
        string input,
        CheckpointTensor matrix,
        CheckpointTensor? bias,
        int inputAxes = RowsOfASequence)
    {
        var (outputs, inputs) = (HeadPadding.None((int)matrix.Shape[0]), HeadPadding.None((int)matrix.Shape[1]));
        return Append(
            model,
            name,
            input,
            [new LinearPart(matrix, inputs, outputs)],
            bias is null ? null : model.Weights.Vector((bias, outputs)),
            inputAxes);
    }

    /// <summary>A projection stored as GPT-2's Conv1D: <c>[in, out]</c>, always with a bias.</summary>
    public static string FromConv1D(
        ModelGraph model, string name, string input, string tensor, int inputs, int outputs)
    {
        var matrix = model.Tensors.Require($"{tensor}.weight", inputs, outputs);
        var part = new LinearPart(
            matrix, HeadPadding.None(inputs), HeadPadding.None(outputs), StoredOutputsFirst: false);
        var bias = model.Tensors.Require($"{tensor}.bias", outputs);
        return Append(
            model, name, input, [part],
            model.Weights.Vector((bias, HeadPadding.None(outputs))));
    }
}
