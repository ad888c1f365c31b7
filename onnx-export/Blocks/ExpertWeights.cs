using Stip.Export.Checkpoints;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks;

/// <summary>The matrices of all experts of a layer as one weight <c>[experts, out, in]</c>, stored apart or
/// stacked.</summary>
/// <param name="decoder">The graph.</param>
/// <param name="tensor">Where the experts are in the checkpoint.</param>
/// <param name="experts">Number of experts.</param>
/// <param name="innerSize">Width inside an expert.</param>
internal sealed class ExpertWeights(DecoderGraph decoder, string tensor, int experts, int innerSize)
{
    private readonly int _hidden = decoder.HiddenSize;

    /// <summary>The way back, <c>[experts, hidden, inner]</c>.</summary>
    public Weight Stacked(string part) => decoder.Weights.Rows(
        [experts, _hidden, innerSize],
        decoder.Tensors.Has($"{tensor}.down_proj")
            ? [decoder.Tensors.Require($"{tensor}.down_proj", experts, _hidden, innerSize)]
            : [.. Each(part, _hidden, innerSize)],
        inTurns: 1);

    /// <summary>Gates and what they gate, row by row in turns: <c>[experts, 2·inner, hidden]</c>.</summary>
    public Weight Interleaved(string gate, string up)
    {
        long[] shape = [experts, 2 * innerSize, _hidden];
        if (!decoder.Tensors.Has($"{tensor}.gate_up_proj"))
        {
            var pairs = Each(gate, innerSize, _hidden).Zip(Each(up, innerSize, _hidden));
            return decoder.Weights.Rows(shape, [.. pairs.SelectMany(pair => new[] { pair.First, pair.Second })], 2);
        }

        var stacked = decoder.Tensors.Require($"{tensor}.gate_up_proj", experts, 2 * innerSize, _hidden);
        var rows = new ReshapedTensor(stacked, [2L * experts * innerSize, _hidden]);
        return decoder.Weights.Rows(
            shape,
            [.. Enumerable.Range(0, 2 * experts).Select(
                half => new TensorRows(rows, (long)half * innerSize, innerSize))],
            2);
    }

    private IEnumerable<CheckpointTensor> Each(string part, int outputs, int inputs) => Enumerable.Range(0, experts)
        .Select(expert => decoder.Tensors.Require($"{tensor}.{expert}.{part}.weight", outputs, inputs));
}
