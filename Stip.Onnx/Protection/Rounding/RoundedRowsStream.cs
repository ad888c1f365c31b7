using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection.Rounding;

/// <summary>Is given permuted rows whose last axis is whole blocks, and compares what they round to with what a package
/// holds, block by block.</summary>
/// <param name="numbers">The package's numbers.</param>
/// <param name="scales">Its scales.</param>
/// <param name="rounding">How they were rounded.</param>
/// <param name="length">Values of a block.</param>
internal sealed class RoundedRowsStream(
    GraphTensor numbers, GraphTensor scales, BlockRounding rounding, int length) : MemoryStream
{
    private readonly byte[] _block = new byte[length * rounding.ScaleType.ByteSize()];
    private readonly float[] _values = new float[length];
    private readonly byte[] _numbers = new byte[length * rounding.Bits / 8];
    private readonly float[] _scale = new float[1];
    private int _filled;
    private long _done;
    private bool _differs;

    /// <summary>True where all of it was given, and all of it agrees.</summary>
    public bool IsEqual => !_differs && _filled == 0 && _done == scales.ElementCount;

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var part = buffer[..Math.Min(buffer.Length, _block.Length - _filled)];
            part.CopyTo(_block.AsSpan(_filled));
            _filled += part.Length;
            buffer = buffer[part.Length..];
            if (_filled == _block.Length)
            {
                Compare();
                _filled = 0;
                _done++;
            }
        }
    }

    private void Compare()
    {
        if (_done >= scales.ElementCount)
        {
            _differs = true;
            return;
        }

        var size = rounding.ScaleType.ByteSize();
        TensorConversion.ToFloat32(rounding.ScaleType, _block, _values);
        TensorConversion.ToFloat32(rounding.ScaleType, scales.Bytes(_done * size, size), _scale);
        _differs |= rounding.Round(_values, _numbers) != _scale[0]
            || !numbers.Bytes(_done * _numbers.Length, _numbers.Length).SequenceEqual(_numbers);
    }
}
