using Stip.Onnx.Model;

namespace Stip.Export.Blocks;

/// <summary>Normalisation over the features of each row, with its weights in the checkpoint.</summary>
/// <param name="Operator">Operator on its own.</param>
/// <param name="SkipOperator">Operator that adds two tensors before it, and gives their sum as well.</param>
/// <param name="Parts">Names of its vectors in the checkpoint, in the operators' order.</param>
/// <param name="Epsilon">What is added to the variance.</param>
internal sealed record Norm(string Operator, string SkipOperator, IReadOnlyList<string> Parts, double Epsilon)
{
    /// <summary>RMSNorm: a weight, no mean, no bias.</summary>
    public static Norm Rms(double epsilon) =>
        new("SimplifiedLayerNormalization", "SkipSimplifiedLayerNormalization", ["weight"], epsilon);

    /// <summary>LayerNorm: weight and bias.</summary>
    public static Norm Layer(double epsilon) =>
        new("LayerNormalization", "SkipLayerNormalization", ["weight", "bias"], epsilon);

    /// <summary>Normalises a tensor.</summary>
    public string Append(ModelGraph model, string name, string tensor, string input) => model.Graph.Add(
        Operator,
        name,
        [input, .. Vectors(model, name, tensor)],
        NodeAttribute.Int("axis", -1),
        NodeAttribute.Float("epsilon", Epsilon));

    /// <summary>Adds two tensors and normalises the sum: one pass over memory instead of two.</summary>
    public (string Normed, string Sum) AppendToSum(
        ModelGraph model, string name, string tensor, string input, string skip)
    {
        var (normed, sum) = ($"{name}/output", $"{name}/sum");
        model.Graph.AddMicrosoft(
            SkipOperator,
            name,
            [input, skip, .. Vectors(model, name, tensor)],
            [normed, "", "", sum],
            NodeAttribute.Float("epsilon", Epsilon));
        return (normed, sum);
    }

    /// <summary>Adds two tensors and normalises the sum, which nothing else needs.</summary>
    public string AppendAfterSum(ModelGraph model, string name, string tensor, string input, string skip) =>
        model.Graph.AddMicrosoft(
            SkipOperator,
            name,
            [input, skip, .. Vectors(model, name, tensor)],
            [$"{name}/output"],
            NodeAttribute.Float("epsilon", Epsilon))[0];

    private IEnumerable<string> Vectors(ModelGraph model, string name, string tensor) => Parts.Select(part =>
    {
        var vector = model.Tensors.Require($"{tensor}.{part}", model.HiddenSize);
        return model.Graph.AddWeight(
            $"{name}.{part}", model.Weights.Vector((vector, HeadPadding.None(model.HiddenSize))));
    });
}
