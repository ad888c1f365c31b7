using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Stip.TestKit;

/// <summary>Random bytes that are the same at every run: SHA-256 of a seed and a counter. For tests only.</summary>
public sealed class SeededRandom(int seed) : RandomNumberGenerator
{
    private readonly byte[] _block = new byte[SHA256.HashSizeInBytes];
    private long _counter;
    private int _used = SHA256.HashSizeInBytes;

    /// <inheritdoc/>
    public override void GetBytes(byte[] data) => GetBytes(data.AsSpan());

    /// <inheritdoc/>
    public override void GetBytes(Span<byte> data)
    {
        Span<byte> input = stackalloc byte[sizeof(int) + sizeof(long)];
        foreach (ref var value in data)
        {
            if (_used == _block.Length)
            {
                BinaryPrimitives.WriteInt32LittleEndian(input, seed);
                BinaryPrimitives.WriteInt64LittleEndian(input[sizeof(int)..], _counter++);
                SHA256.HashData(input, _block);
                _used = 0;
            }

            value = _block[_used++];
        }
    }
}
