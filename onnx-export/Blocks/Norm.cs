using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks;

/// <summary>Normalisation over the last axis, with its weights in the checkpoint.</summary>
/// <param name="Operator">Operator on its own.</param>
/// <param name="SkipOperator">Operator that adds two tensors before it, and gives their sum as well.</param>
/// <param name="Parts">Names of its vectors in the checkpoint, in the operators' order.</param>
/// <param name="Epsilon">What is added to the variance.</param>
internal sealed record Norm(string Operator, string SkipOperator, IReadOnlyList<string> Parts, double Epsilon)
{
    /// <summary>What the checkpoint leaves off its weights: 1 where they are stored as a difference from 1.</summary>
    public float Offset { get; init; }

    /// <summary>False where there are no weights at all: the factor is 1.</summary>
    public bool HasWeights { get; init; } = true;

    /// <summary>True where one operator adds and normalises.</summary>
    public bool AddsFirst => SkipOperator.Length > 0;

    /// <summary>RMSNorm: a weight, no mean, no bias.</summary>
    public static Norm Rms(double epsilon) =>
        new("SimplifiedLayerNormalization", "SkipSimplifiedLayerNormalization", ["weight"], epsilon);

    /// <summary>LayerNorm: weight and bias.</summary>
    public static Norm Layer(double epsilon) =>
        new("LayerNormalization", "SkipLayerNormalization", ["weight", "bias"], epsilon);

    /// <summary>LayerNorm without a bias.</summary>
    public static Norm LayerWithoutBias(double epsilon) =>
        new("LayerNormalization", "SkipLayerNormalization", ["weight"], epsilon);

    /// <summary>Normalises a tensor whose last axis is the hidden size.</summary>
    public string Append(ModelGraph model, string name, string tensor, string input) =>
        Append(model, name, tensor, input, HeadPadding.None(model.HiddenSize));

    /// <summary>Normalises a tensor over its last axis.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Its weights in the checkpoint.</param>
    /// <param name="input">Rows whose last axis is <paramref name="channels"/>.</param>
    /// <param name="channels">How the channels stand in the graph.</param>
    public string Append(ModelGraph model, string name, string tensor, string input, HeadPadding channels) =>
        IsWide ? model.InOwnType($"{name}.own", Normed(
            model, name, tensor, model.InFloat32($"{name}.wide", input), channels))
        : Normed(model, name, tensor, input, channels);

    /// <summary>Adds two tensors and normalises the sum: one pass over memory instead of two.</summary>
    public (string Normed, string Sum) AppendToSum(
        ModelGraph model, string name, string tensor, string input, string skip)
    {
        var (normed, sum) = ($"{name}/output", $"{name}/sum");
        if (IsApart(model))
        {
            sum = model.Graph.Add("Add", sum, [input, skip]);
            return (Append(model, name, tensor, sum), sum);
        }

        model.Graph.AddMicrosoft(
            SkipOperator,
            name,
            [input, skip, .. Vectors(model, name, tensor, HeadPadding.None(model.HiddenSize))],
            [normed, "", "", sum],
            NodeAttribute.Float("epsilon", Epsilon));
        return (normed, sum);
    }

    /// <summary>Adds two tensors and normalises the sum, which nothing else needs.</summary>
    public string AppendAfterSum(ModelGraph model, string name, string tensor, string input, string skip) =>
        IsApart(model) ? AppendToSum(model, name, tensor, input, skip).Normed
        : model.Graph.AddMicrosoft(
            SkipOperator,
            name,
            [input, skip, .. Vectors(model, name, tensor, HeadPadding.None(model.HiddenSize))],
            [$"{name}/output"],
            NodeAttribute.Float("epsilon", Epsilon))[0];

    // In 16 bits 1 + weight would lose what the weight says: transformers adds and multiplies in float32.
    private bool IsWide => Offset != 0 && Parts is ["weight"];

    // The operator that adds takes one type only.
    private bool IsApart(ModelGraph model) => IsWide && model.Weights.Dtype != TensorDtype.Float32;

    private string Normed(ModelGraph model, string name, string tensor, string input, HeadPadding channels) =>
        model.Graph.Add(
            Operator,
            name,
            [input, .. Vectors(model, name, tensor, channels)],
            NodeAttribute.Int("axis", -1),
            NodeAttribute.Float("epsilon", Epsilon));

    private IEnumerable<string> Vectors(ModelGraph model, string name, string tensor, HeadPadding channels) =>
        HasWeights
            ? Parts.Select(part => model.AddWeight(
                $"{name}.{part}", Writer(model).Vector((Stored(model, $"{tensor}.{part}", channels), channels))))
            : [model.SharedWeight($"ones.{channels.Length}", () => model.Weights.Table(
                [channels.Length], [.. Enumerable.Repeat(1f, channels.Length)]))];

    private WeightWriter Writer(ModelGraph model) => IsWide ? model.WideWeights : model.Weights;

    private CheckpointTensor Stored(ModelGraph model, string tensor, HeadPadding channels)
    {
        var stored = model.Tensors.Require(tensor, channels.StoredLength);
        return Offset == 0 || !tensor.EndsWith("weight", StringComparison.Ordinal)
            ? stored
            : new ShiftedTensor(stored, Offset);
    }
}
