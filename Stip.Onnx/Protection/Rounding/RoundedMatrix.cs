using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection.Rounding;

/// <summary>Writes a matrix <c>[K, N]</c> as MatMulNBits wants it: numbers <c>[N, K / 32, bytes]</c>, scales
/// <c>[N, K / 32]</c>; the last block is filled up with zeros.</summary>
/// <param name="source">The matrix.</param>
/// <param name="rounding">How it is rounded.</param>
internal sealed class RoundedMatrix(GraphTensor source, BlockRounding rounding) : IRoundedWeight
{
    // Columns are gathered from rows: as many at a time as this many values hold.
    private const int TileElements = 1 << 24;

    private readonly int _inputs = source.Shape[0];
    private readonly int _outputs = source.Shape[1];

    // Held from when the numbers are written until the scales are.
    private float[]? _scales;

    private int Blocks => BlockRounding.BlocksOf(_inputs);

    /// <inheritdoc/>
    public IReadOnlyList<long> NumbersShape => [_outputs, Blocks, rounding.BlockBytes];

    /// <inheritdoc/>
    public IReadOnlyList<long> ScalesShape => [_outputs, Blocks];

    /// <inheritdoc/>
    public long ScaleBytes => (long)_outputs * Blocks * rounding.ScaleType.ByteSize();

    /// <inheritdoc/>
    public long NumberBytes => (long)_outputs * Blocks * rounding.BlockBytes;

    /// <summary>Writes the numbers, and remembers the scales.</summary>
    public void WriteNumbers(Stream target)
    {
        var perTile = Math.Clamp(TileElements / _inputs, 1, _outputs);
        var tile = new float[perTile * Blocks * BlockRounding.BlockLength]; // [out, in, whole blocks]
        var numbers = new byte[rounding.BlockBytes];
        var scales = new float[(long)_outputs * Blocks];
        for (var first = 0; first < _outputs; first += perTile)
        {
            var count = Math.Min(perTile, _outputs - first);
            Gather(first, count, tile);
            for (var block = 0; block < count * Blocks; block++)
            {
                var values = tile.AsSpan(block * BlockRounding.BlockLength, BlockRounding.BlockLength);
                scales[first * Blocks + block] = rounding.Round(values, numbers);
                target.Write(numbers);
            }
        }

        _scales = scales;
    }

    /// <inheritdoc/>
    public void WriteScales(Stream target)
    {
        var scales = _scales ?? throw new InvalidOperationException("numbers come before their scales");
        var bytes = new byte[ScaleBytes];
        TensorConversion.FromFloat32(scales, rounding.ScaleType, bytes);
        target.Write(bytes);
        _scales = null;
    }

    private void Gather(int first, int count, Span<float> tile)
    {
        var size = rounding.ScaleType.ByteSize();
        var width = Blocks * BlockRounding.BlockLength;
        var row = new float[count];
        for (var input = 0; input < _inputs; input++)
        {
            TensorConversion.ToFloat32(
                rounding.ScaleType, source.Bytes(((long)input * _outputs + first) * size, count * size), row);
            for (var output = 0; output < count; output++)
            {
                tile[output * width + input] = row[output];
            }
        }
    }
}
