using System.Numerics.Tensors;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.Weights;

/// <summary>Converts tiles to the graph's type with every core.</summary>
/// <param name="dtype">Type the graph computes in.</param>
internal sealed class ConvertedTiles(TensorDtype dtype) : ITiles<float>
{
    private const int ConvertedAtOnce = 1 << 16;
    private const float LargestFloat16 = 65504;

    private float[] _tile = [];
    private byte[] _free = [];
    private byte[] _busy = [];
    private Task _written = Task.CompletedTask;

    public float[] Tile(int elements)
    {
        if (_tile.Length < elements)
        {
            _tile = new float[TileRoom.For(elements)];
        }

        Array.Clear(_tile, 0, elements);
        return _tile;
    }

    /// <exception cref="RefusedException">A value does not fit the type.</exception>
    public void Write(Stream stream, int elements, string name)
    {
        var (size, bytes) = (dtype.ByteSize(), elements * dtype.ByteSize());
        if (_free.Length < bytes)
        {
            _free = new byte[TileRoom.For(elements) * size];
        }

        var (tile, target) = (_tile, _free);
        var largest = new float[(elements + ConvertedAtOnce - 1) / ConvertedAtOnce];
        Parallel.For(0, largest.Length, part =>
        {
            var first = part * ConvertedAtOnce;
            var own = tile.AsSpan(first, Math.Min(ConvertedAtOnce, elements - first));
            largest[part] = dtype == TensorDtype.Float16 ? MathF.Abs(TensorPrimitives.MaxMagnitude<float>(own)) : 0;
            TensorConversion.FromFloat32(own, dtype, target.AsSpan(first * size, own.Length * size));
        });
        if (largest.Max() is > LargestFloat16 and var beyond)
        {
            throw new RefusedException(
                $"tensor '{name}' holds {beyond:G4}; float16 holds at most {LargestFloat16}, use --dtype "
                + "bfloat16 or float32");
        }

        Finish();
        (_free, _busy) = (_busy, _free);
        _written = Task.Run(() => stream.Write(target, 0, bytes));
    }

    public void Finish() => _written.GetAwaiter().GetResult();
}
