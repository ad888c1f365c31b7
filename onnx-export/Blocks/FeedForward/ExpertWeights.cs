using Stip.Export.Checkpoints;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.FeedForward;

/// <summary>The matrices of all experts of a layer as one weight <c>[experts, out, in]</c>, stored apart, stacked, or
/// stacked with gates and what they gate in one.</summary>
/// <param name="decoder">The graph.</param>
/// <param name="tensor">Where router and experts are in the checkpoint.</param>
/// <param name="block">Their sizes and names.</param>
internal sealed class ExpertWeights(DecoderGraph decoder, string tensor, ExpertFeedForward block)
{
    private const string BlocksOf = "_blocks";

    private readonly int _hidden = decoder.HiddenSize;
    private readonly int _experts = block.Experts;
    private readonly int _inner = block.InnerSize;

    /// <summary>The way back, <c>[experts, hidden, inner]</c>.</summary>
    public ExpertRows Stacked()
    {
        var stacked = $"{tensor}.{block.StackedDown}";
        return new ExpertRows(
            [_experts, _hidden, _inner],
            HasStacked(stacked)
                ? [RequireStacked(stacked, _hidden, _inner)]
                : [.. Each(block.Down, _hidden, _inner)],
            InTurns: 1);
    }

    /// <summary>Gates and what they gate, row by row in turns: <c>[experts, 2·inner, hidden]</c>.</summary>
    public ExpertRows Interleaved()
    {
        var fused = $"{tensor}.{block.StackedGateAndUp}";
        if (block.StoresGateAndUpInTurns && HasStacked(fused))
        {
            return new ExpertRows(
                [_experts, 2 * _inner, _hidden], [RequireStacked(fused, 2 * _inner, _hidden)], InTurns: 1);
        }

        var halves = HasStacked(fused)
            ? Cut(RequireStacked(fused, 2 * _inner, _hidden), 2 * _experts, _inner)
            : Each(block.Gate, _inner, _hidden).Zip(Each(block.Up, _inner, _hidden))
                .SelectMany(pair => new[] { pair.First, pair.Second });
        return new ExpertRows([_experts, 2 * _inner, _hidden], [.. halves], InTurns: 2);
    }

    /// <summary>Biases of gates and what they gate in turns, <c>[experts, 2·inner]</c>.</summary>
    public Weight InterleavedBias()
    {
        var fused = $"{tensor}.{block.StackedGateAndUp}_bias";
        IReadOnlyList<CheckpointTensor> parts = decoder.Tensors.Has(fused)
            ? [decoder.Tensors.Require(fused, _experts, 2 * _inner)]
            : [Biases(block.Gate, _inner), Biases(block.Up, _inner)];

        // Elements in turns are rows of one element.
        return decoder.Weights.Rows([_experts, 2 * _inner, 1], parts, parts.Count) with
        {
            Shape = [_experts, 2 * _inner],
        };
    }

    /// <summary>Biases of the way back, <c>[experts, hidden]</c>.</summary>
    public Weight StackedBias()
    {
        var stacked = $"{tensor}.{block.StackedDown}_bias";
        var bias = decoder.Tensors.Has(stacked)
            ? decoder.Tensors.Require(stacked, _experts, _hidden)
            : Biases(block.Down, _hidden);
        return decoder.Weights.Rows([_experts, _hidden], [bias], inTurns: 1);
    }

    private CheckpointTensor Biases(string part, int outputs) =>
        decoder.Tensors.Require($"{tensor}.experts.{part}.bias", _experts, outputs);

    private bool HasStacked(string name) => decoder.Tensors.Has(name) || decoder.Tensors.Has(name + BlocksOf);

    // Published in 4-bit blocks, or with inputs first.
    private CheckpointTensor RequireStacked(string name, int outputs, int inputs)
    {
        if (block.StoresInputsFirst)
        {
            return new TransposedExperts(decoder.Tensors.Require(name, _experts, inputs, outputs), decoder.Turned);
        }

        if (!block.StoresGateAndUpInTurns)
        {
            return decoder.Tensors.Require(name, _experts, outputs, inputs);
        }

        var count = inputs / Mxfp4Tensor.BlockLength;
        return decoder.Tensors.FindBytes(name + BlocksOf, _experts, outputs, count, Mxfp4Tensor.BlockLength / 2)
            is { } blocks && decoder.Tensors.FindBytes($"{name}_scales", _experts, outputs, count) is { } scales
                ? new Mxfp4Tensor(blocks, scales, [_experts, outputs, inputs])
                : new TransposedExperts(decoder.Tensors.Require(name, _experts, inputs, outputs), decoder.Turned);
    }

    private IEnumerable<CheckpointTensor> Each(string part, int outputs, int inputs)
    {
        if (block.IsFlat)
        {
            return Flat(part);
        }

        var stacked = $"{tensor}.experts.{part}.weight";
        return decoder.Tensors.Has(stacked)
            ? Cut(decoder.Tensors.Require(stacked, _experts, outputs, inputs), _experts, outputs)
            : Enumerable.Range(0, _experts).Select(expert => decoder.Tensors.Require(
                $"{tensor}.experts.{expert}.{part}.weight", outputs, inputs));
    }

    // Every matrix stands as [experts · inner, hidden].
    private IEnumerable<CheckpointTensor> Flat(string part)
    {
        var stored = new ReshapedTensor(
            decoder.Tensors.Require($"{tensor}.experts.{part}", _experts * _inner, _hidden),
            [_experts, _inner, _hidden]);
        return part == block.Down
            ? [new TransposedExperts(stored, decoder.Turned)]
            : Cut(stored, _experts, _inner);
    }

    private static IEnumerable<CheckpointTensor> Cut(CheckpointTensor stacked, int parts, int rows)
    {
        var all = new ReshapedTensor(stacked, [(long)parts * rows, stacked.Shape[^1]]);
        return Enumerable.Range(0, parts).Select(part => new TensorRows(all, (long)part * rows, rows));
    }
}
