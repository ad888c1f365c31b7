using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection.Rounding;

/// <summary>Writes the matrices of all experts <c>[experts, out, in]</c> as QMoE wants them: numbers
/// <c>[experts, out, in · bits / 8]</c>, scales <c>[experts, out, in / 32]</c>, or <c>[experts, out]</c> for 8 bits.
/// </summary>
/// <param name="source">The matrices.</param>
/// <param name="rounding">How they are rounded.</param>
internal sealed class RoundedExperts(GraphTensor source, BlockRounding rounding) : IRoundedWeight
{
    private readonly long _experts = source.Shape[0];
    private readonly long _outputs = source.Shape[1];
    private readonly int _inputs = source.Shape[2];

    // The runtime's kernel for blocks of 8 bits rounds activations too; that for a scale for every output does not.
    private readonly int _length = BlockLengthOf(source, rounding);

    private int Blocks => _inputs / _length;

    private int BlockBytes => _length * rounding.Bits / 8;

    private int RowBytes => Blocks * BlockBytes;

    private int RowScaleBytes => Blocks * rounding.ScaleType.ByteSize();

    /// <summary>Inputs that share a scale.</summary>
    public static int BlockLengthOf(GraphTensor source, BlockRounding rounding) =>
        rounding.Bits == 8 ? source.Shape[2] : BlockRounding.BlockLength;

    /// <inheritdoc/>
    public IReadOnlyList<long> NumbersShape => [_experts, _outputs, RowBytes];

    /// <inheritdoc/>
    public IReadOnlyList<long> ScalesShape => rounding.Bits == 8 ? [_experts, _outputs] : [_experts, _outputs, Blocks];

    /// <inheritdoc/>
    public long NumberBytes => _experts * _outputs * RowBytes;

    /// <inheritdoc/>
    public long ScaleBytes => _experts * _outputs * RowScaleBytes;

    /// <inheritdoc/>
    public void WriteNumbers(Stream target) => Write(target, RowBytes, (values, row) =>
    {
        for (var block = 0; block < Blocks; block++)
        {
            rounding.Round(Block(values, block), row.Slice(block * BlockBytes, BlockBytes));
        }
    });

    /// <summary>Writes the scales, found anew: those of a layer's experts are too many to be held.</summary>
    public void WriteScales(Stream target) => Write(target, RowScaleBytes, (values, row) =>
    {
        var numbers = new byte[BlockBytes];
        var scales = new float[Blocks];
        for (var block = 0; block < Blocks; block++)
        {
            scales[block] = rounding.Round(Block(values, block), numbers);
        }

        TensorConversion.FromFloat32(scales, rounding.ScaleType, row);
    });

    private void Write(Stream target, int rowBytes, MakeRow make)
    {
        var sourceBytes = _inputs * rounding.ScaleType.ByteSize();
        var rows = _experts * _outputs;
        source.Prefetch();
        RowTiles.Write(
            Sources(rows),
            rows,
            rowBytes,
            (row, made) =>
            {
                var values = new float[_inputs];
                TensorConversion.ToFloat32(
                    rounding.ScaleType, source.Bytes(row * sourceBytes, sourceBytes), values);
                make(values, made);
            },
            target);
    }

    private static IEnumerable<long> Sources(long rows)
    {
        for (var row = 0L; row < rows; row++)
        {
            yield return row;
        }
    }

    private ReadOnlySpan<float> Block(ReadOnlySpan<float> values, int block) =>
        values.Slice(block * _length, _length);

    private delegate void MakeRow(ReadOnlySpan<float> values, Span<byte> row);
}
