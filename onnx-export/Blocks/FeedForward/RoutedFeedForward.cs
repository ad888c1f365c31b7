using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.FeedForward;

/// <summary>
/// An encoder's plain feed-forwards of which each row takes the few that a router scores highest, mixed by their shares
/// of all, and one bias for what comes out. Each takes its rows and no others. The operator of ONNX Runtime has no
/// exact GELU, which these experts have.
/// </summary>
/// <param name="Experts">Number of experts.</param>
/// <param name="Chosen">Experts of a row.</param>
/// <param name="Inner">Width inside an expert.</param>
/// <param name="Function">Activation inside.</param>
internal sealed record RoutedFeedForward(int Experts, int Chosen, int Inner, string Function)
{
    /// <summary>Appends the part of one layer.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Name of the part in the checkpoint.</param>
    /// <param name="input">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(EncoderGraph encoder, string name, string tensor, string input)
    {
        if (Chosen > Experts)
        {
            throw new RefusedException($"config.json: {Chosen} of {Experts} experts are to be chosen");
        }

        var (graph, hidden) = (encoder.Graph, encoder.HiddenSize);
        var rows = graph.Add("Reshape", $"{name}/rows", [input, graph.Shared("experts.rows", -1, hidden)]);
        var scores = Linear.FromLinear(
            encoder, $"{name}.router", rows, $"{tensor}.router.layer", hidden, Experts, hasBias: false);
        var shares = graph.Add("Softmax", $"{name}.share/Softmax", [scores], NodeAttribute.Int("axis", -1));
        var best = graph.Append(
            "",
            "TopK",
            $"{name}.share/TopK",
            [shares, graph.Shared($"experts.count.{Chosen}", Chosen)],
            [$"{name}.share/chosen", $"{name}.share/places"]); // [rows, chosen]
        var routes = new RoutedRows(graph, rows, best[0], best[1]);
        var mixed = routes.Nothing(name, encoder.SharedScalar("experts.nothing", 0));
        for (var expert = 0; expert < Experts; expert++)
        {
            var (own, index) = ($"{name}.{expert}", expert);
            mixed = routes.Append(own, index, mixed, taken => Expert(encoder, own, tensor, index, taken));
        }

        if (!IsStacked(encoder, tensor))
        {
            var bias = encoder.Tensors.Require($"{tensor}.experts.bias", hidden);
            mixed = graph.Add("Add", $"{name}/Add", [
                mixed, encoder.AddWeight($"{name}.bias", encoder.Weights.Vector((bias, HeadPadding.None(hidden))))]);
        }

        return graph.Add("Reshape", $"{name}/output", [mixed, graph.Add("Shape", $"{name}/shape", [input])]);
    }

    private string Expert(EncoderGraph encoder, string name, string tensor, int expert, string taken)
    {
        var up = Linear.FromRows(
            encoder, $"{name}.up", taken, Up(encoder, tensor, expert), bias: null, inputAxes: 2);
        return Linear.Append(
            encoder,
            $"{name}.down",
            Activation.Append(encoder.Graph, Function, $"{name}.act", up),
            [Down(encoder, tensor, expert)],
            bias: null,
            inputAxes: 2);
    }

    // GGUF files have the matrices of all experts stacked, and no bias.
    private static bool IsStacked(EncoderGraph encoder, string tensor) =>
        encoder.Tensors.Has($"{tensor}.experts.up.weight");

    private TensorRows Up(EncoderGraph encoder, string tensor, int expert) => IsStacked(encoder, tensor)
        ? Rows(encoder, $"{tensor}.experts.up.weight", [Experts, Inner, encoder.HiddenSize], expert, Inner)
        : Rows(encoder, $"{tensor}.experts.mlp.w1", [(long)Experts * Inner, encoder.HiddenSize], expert, Inner);

    private LinearPart Down(EncoderGraph encoder, string tensor, int expert)
    {
        var (isStacked, hidden) = (IsStacked(encoder, tensor), encoder.HiddenSize);
        return new LinearPart(
            isStacked
                ? Rows(encoder, $"{tensor}.experts.down.weight", [Experts, hidden, Inner], expert, hidden)
                : Rows(encoder, $"{tensor}.experts.mlp.w2", [(long)Experts * Inner, hidden], expert, Inner),
            HeadPadding.None(Inner),
            HeadPadding.None(hidden),
            StoredOutputsFirst: isStacked);
    }

    // The matrices of all experts stand below each other.
    private static TensorRows Rows(
        EncoderGraph encoder, string tensor, ReadOnlySpan<long> shape, int expert, int rows)
    {
        var all = encoder.Tensors.Require(tensor, shape);
        var width = shape[^1];
        return new TensorRows(
            new ReshapedTensor(all, [all.ElementCount / width, width]), (long)expert * rows, rows);
    }
}
