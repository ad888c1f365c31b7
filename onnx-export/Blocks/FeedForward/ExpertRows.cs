using System.Runtime.InteropServices;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.FeedForward;

/// <summary>Matrices of all experts as one weight <c>[experts, out, in]</c>, row by row out of tensors of the
/// checkpoint: widened, or the very 4-bit blocks that it stores.</summary>
/// <param name="Shape">Experts, outputs, inputs.</param>
/// <param name="Tensors">Where the rows come from, all of the same shape.</param>
/// <param name="InTurns">How many neighbouring tensors give a row in turns; 1 for one after the other.</param>
internal sealed record ExpertRows(
    IReadOnlyList<long> Shape, IReadOnlyList<CheckpointTensor> Tensors, int InTurns)
{
    private const int BlockLength = IFourBitRows.BlockLength;

    private readonly int _inputs = (int)Shape[^1];

    /// <summary>True where the checkpoint stores all of them in 4-bit blocks.</summary>
    public bool AreBlocks { get; } = Shape[^1] % BlockLength == 0
        && Tensors.All(tensor => tensor.FourBitRows is not null);

    /// <summary>True where they can stay such: ONNX Runtime's operator subtracts whole numbers, which offsets are
    /// not.</summary>
    public bool StayBlocks => AreBlocks && Tensors.All(tensor => !tensor.FourBitRows!.HasOffsets);

    /// <summary>Two neighbours a byte, <c>[experts, out, in / 2]</c>.</summary>
    public Weight Numbers => new(
        TensorDtype.UInt8,
        [.. Shape.SkipLast(1), _inputs / 2],
        stream => ForEachRow((pairs, _) => stream.Write(pairs)));

    /// <summary>One for a block, <c>[experts, out, in / 32]</c>.</summary>
    public Weight Scales => new(
        TensorDtype.Float32,
        [.. Shape.SkipLast(1), _inputs / BlockLength],
        stream => ForEachRow((_, scales) => stream.Write(MemoryMarshal.AsBytes<float>(scales))));

    /// <summary>The same in the graph's own type.</summary>
    public Weight Widened(WeightWriter writer) => writer.Rows(Shape, Tensors, InTurns);

    private void ForEachRow(Action<byte[], float[]> use)
    {
        var (pairs, blocks) = (new byte[_inputs / 2], _inputs / BlockLength);
        var (scales, offsets) = (new float[blocks], new float[blocks]);
        var rowsTogether = Tensors[0].ElementCount / _inputs * InTurns;
        var rows = Shape[0] * Shape[1];
        for (var row = 0L; row < rows; row++)
        {
            var (group, inside) = Math.DivRem(row, rowsTogether);
            Tensors[(int)(group * InTurns + inside % InTurns)].FourBitRows!
                .Read(inside / InTurns, pairs, scales, offsets);
            use(pairs, scales);
        }
    }
}
