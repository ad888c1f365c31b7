using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;

namespace Stip.Export.Blocks.FeedForward;

/// <summary>The feed-forward part of an encoder's layer: <c>down(act(up(x)))</c>, or gated:
/// <c>down(act(gate(x)) · up(x))</c>.</summary>
/// <param name="encoder">The graph.</param>
/// <param name="sizes">Sizes of a layer.</param>
/// <param name="names">Where the tensors of a layer stand.</param>
internal sealed class EncoderFeedForward(EncoderGraph encoder, EncoderSizes sizes, EncoderLayerNames names)
{
    /// <summary>Appends the part of one layer.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Name of the layer in the checkpoint.</param>
    /// <param name="input">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(string name, string tensor, string input)
    {
        var graph = encoder.Graph;
        var (up, gate) = Halves(tensor);
        var wide = Project($"{name}.up", input, up);
        var gated = gate is { } other ? Project($"{name}.gate", input, other) : null;
        var active = Activation.Append(graph, sizes.Activation, $"{name}.act", gated ?? wide);
        return Linear.FromLinear(
            encoder,
            $"{name}.down",
            gated is null ? active : graph.Add("Mul", $"{name}/Mul", [active, wide]),
            $"{tensor}.{names.Down}",
            sizes.Inner,
            sizes.Hidden,
            sizes.HasDownBias);
    }

    private ((CheckpointTensor Matrix, CheckpointTensor? Bias) Up, (CheckpointTensor, CheckpointTensor?)? Gate) Halves(
        string tensor)
    {
        var inner = sizes.Inner;
        var up = $"{tensor}.{names.Up}";
        if (names.HasGateBeforeUp || names.HasGateAfterUp)
        {
            var (matrix, bias) = Read(up, 2 * inner);
            var (first, second) = (Half(0), Half(inner));
            return names.HasGateBeforeUp ? (second, first) : (first, second);

            (CheckpointTensor, CheckpointTensor?) Half(int row) => (
                new TensorRows(matrix, row, inner), bias is null ? null : new TensorRows(bias, row, inner));
        }

        return (Read(up, inner), names.Gate is { } gate ? Read($"{tensor}.{gate}", inner) : null);
    }

    private (CheckpointTensor Matrix, CheckpointTensor? Bias) Read(string tensor, int rows) => (
        encoder.Tensors.Require($"{tensor}.weight", rows, sizes.Hidden),
        sizes.HasInnerBias ? encoder.Tensors.Require($"{tensor}.bias", rows) : null);

    private string Project(string name, string input, (CheckpointTensor Matrix, CheckpointTensor? Bias) stored) =>
        Linear.FromRows(encoder, name, input, stored.Matrix, stored.Bias);
}
