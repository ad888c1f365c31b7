using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>
/// A tensor in MXFP4 (OCP Microscaling 1.0): blocks of 32 numbers of 4 bits (E2M1, low half first) that share an
/// exponent of 8 bits.
/// </summary>
/// <param name="Blocks">Bytes <c>[…, blocks, 16]</c>.</param>
/// <param name="Scales">Bytes <c>[…, blocks]</c>, exponents with a bias of 127.</param>
/// <param name="Axes">Axes of the tensor, the last one whole blocks long.</param>
internal sealed record Mxfp4Tensor(CheckpointTensor Blocks, CheckpointTensor Scales, IReadOnlyList<long> Axes)
    : CheckpointTensor(Blocks.Name, TensorDtype.Float32, Axes)
{
    public const int BlockLength = 32;
    private const int BlockBytes = BlockLength / 2;
    private const int ExponentBias = 127;
    private static readonly float[] Values =
        [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6];

    public override void Read(long firstElement, Span<float> values)
    {
        var firstBlock = firstElement / BlockLength;
        var count = (int)((firstElement + values.Length - 1) / BlockLength - firstBlock + 1);
        var pairs = new byte[count * BlockBytes];
        var scales = new byte[count];
        Blocks.ReadStored(firstBlock * BlockBytes, pairs);
        Scales.ReadStored(firstBlock, scales);
        var skipped = (int)(firstElement - (firstBlock * BlockLength));
        for (var i = 0; i < values.Length; i++)
        {
            var place = skipped + i;
            var pair = pairs[place / 2];
            values[i] = MathF.ScaleB(
                Values[place % 2 == 0 ? pair & 0xF : pair >> 4], scales[place / BlockLength] - ExponentBias);
        }
    }
}
