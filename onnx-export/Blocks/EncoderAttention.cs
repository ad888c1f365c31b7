using Stip.Onnx.Model;

namespace Stip.Export.Blocks;

/// <summary>Attention of every row over every row that counts.</summary>
/// <param name="encoder">The graph.</param>
/// <param name="sizes">Sizes of a layer.</param>
/// <param name="names">Where the tensors of a layer stand.</param>
internal sealed class EncoderAttention(EncoderGraph encoder, EncoderSizes sizes, EncoderLayerNames names)
{
    private const string SplitSizes = "attention.split";
    private const string HeadShape = "attention.heads";
    private const string RowShape = "attention.rows";
    private const string Scale = "attention.scale";

    /// <summary>Appends the attention of one layer.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Name of the layer in the checkpoint.</param>
    /// <param name="input">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(string name, string tensor, string input)
    {
        var graph = encoder.Graph;
        DeclareConstants();
        var parts = graph.Append(
            "",
            "Split",
            $"{name}/Split",
            [Packed($"{name}.qkv", tensor, input), SplitSizes],
            [$"{name}/q", $"{name}/k", $"{name}/v"],
            NodeAttribute.Int("axis", -1));
        var scaled = graph.Add("Mul", $"{name}/Mul", [parts[0], Scale]);
        var query = Heads($"{name}.query", scaled, 0, 2, 1, 3); // [batch, heads, seq, head_dim]
        var key = Heads($"{name}.key", parts[1], 0, 2, 3, 1); // [batch, heads, head_dim, seq]
        var value = Heads($"{name}.value", parts[2], 0, 2, 1, 3); // [batch, heads, seq, head_dim]
        var scores = graph.Add("MatMul", $"{name}.scores/MatMul", [query, key]); // [batch, heads, seq, seq]
        if (encoder.Mask is { } mask)
        {
            scores = graph.Add("Add", $"{name}.scores/Add", [scores, mask]);
        }

        var shares = graph.Add("Softmax", $"{name}/Softmax", [scores], NodeAttribute.Int("axis", -1));
        var mixed = graph.Add("MatMul", $"{name}/MatMul", [shares, value]); // [batch, heads, seq, head_dim]
        var rows = graph.Add("Transpose", $"{name}/Transpose", [mixed], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        var joined = graph.Add("Reshape", $"{name}/Reshape", [rows, RowShape]);
        return Linear.FromLinear(
            encoder, $"{name}.output", joined, $"{tensor}.{names.Output}", sizes.Hidden, sizes.Hidden, hasBias: true);
    }

    private string Heads(string name, string rows, params ReadOnlySpan<long> order)
    {
        var heads = encoder.Graph.Add("Reshape", $"{name}/Reshape", [rows, HeadShape]); // [batch, seq, heads, head_dim]
        return encoder.Graph.Add("Transpose", $"{name}/Transpose", [heads], NodeAttribute.Ints("perm", order));
    }

    private string Packed(string name, string tensor, string input)
    {
        var (tensors, channels) = (encoder.Tensors, HeadPadding.None(sizes.Hidden));
        string[] sources = [$"{tensor}.{names.Query}", $"{tensor}.{names.Key}", $"{tensor}.{names.Value}"];
        var matrix = encoder.Weights.Matrix([.. sources.Select(source => new LinearPart(
            tensors.Require($"{source}.weight", sizes.Hidden, sizes.Hidden), channels, channels))]);
        var bias = sizes.HasQkvBias
            ? encoder.Weights.Vector([.. sources.Select(source => (
                tensors.Require($"{source}.bias", sizes.Hidden), channels))])
            : null;
        return Linear.Append(encoder, name, input, matrix, bias);
    }

    private void DeclareConstants()
    {
        var graph = encoder.Graph;
        if (!graph.Has(SplitSizes))
        {
            graph.AddConstant(SplitSizes, sizes.Hidden, sizes.Hidden, sizes.Hidden);
            graph.AddConstant(HeadShape, 0, 0, sizes.Heads, sizes.HeadDim);
            graph.AddConstant(RowShape, 0, 0, sizes.Hidden);
            graph.AddConstant(Scale, encoder.Weights.Dtype, 1 / Math.Sqrt(sizes.HeadDim));
        }
    }
}
