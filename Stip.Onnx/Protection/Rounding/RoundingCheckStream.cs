using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection.Rounding;

/// <summary>
/// Is given a permuted matrix <c>[K, N]</c> and compares what it rounds to with what a package holds: block row by
/// block row, so that no matrix is ever in memory as a whole.
/// </summary>
/// <param name="numbers">The package's numbers <c>[N, K / 32, bytes]</c>.</param>
/// <param name="scales">Its scales <c>[N, K / 32]</c>.</param>
/// <param name="rounding">How they were rounded.</param>
/// <param name="inputs">K.</param>
internal sealed class RoundingCheckStream(
    GraphTensor numbers, GraphTensor scales, BlockRounding rounding, int inputs) : MemoryStream
{
    private readonly int _outputs = numbers.Shape[0];
    private readonly int _blocks = numbers.Shape[1];
    private readonly byte[] _rows =
        new byte[BlockRounding.BlockLength * numbers.Shape[0] * rounding.ScaleType.ByteSize()]; // [32, out]

    private int _filled;
    private int _block;
    private bool _differs;

    // The last block may hold fewer rows than the others.
    private int LastBytes =>
        (inputs - (_blocks - 1) * BlockRounding.BlockLength) * (_rows.Length / BlockRounding.BlockLength);

    /// <summary>True where all of it was given, and all of it agrees.</summary>
    public bool IsEqual => !_differs && _block == _blocks && _filled == 0;

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var part = buffer[..Math.Min(buffer.Length, _rows.Length - _filled)];
            part.CopyTo(_rows.AsSpan(_filled));
            _filled += part.Length;
            buffer = buffer[part.Length..];
            if (_filled == _rows.Length || (_block == _blocks - 1 && _filled == LastBytes))
            {
                _rows.AsSpan(_filled).Clear();
                Compare();
                _filled = 0;
                _block++;
            }
        }
    }

    private void Compare()
    {
        if (_block >= _blocks)
        {
            _differs = true;
            return;
        }

        var size = rounding.ScaleType.ByteSize();
        var values = new float[_rows.Length / size]; // [32, out]
        TensorConversion.ToFloat32(rounding.ScaleType, _rows, values);
        Span<float> column = stackalloc float[BlockRounding.BlockLength];
        Span<byte> expected = stackalloc byte[rounding.BlockBytes];
        Span<float> scale = stackalloc float[1];
        for (var output = 0; output < _outputs; output++)
        {
            for (var i = 0; i < column.Length; i++)
            {
                column[i] = values[i * _outputs + output];
            }

            var place = (long)output * _blocks + _block;
            var wanted = rounding.Round(column, expected);
            TensorConversion.ToFloat32(rounding.ScaleType, scales.Bytes(place * size, size), scale);
            _differs |= scale[0] != wanted
                || !numbers.Bytes(place * expected.Length, expected.Length).SequenceEqual(expected);
        }
    }
}
