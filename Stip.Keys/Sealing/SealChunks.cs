using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Stip.Keys.Sealing;

/// <summary>The files of a bundle in chunks of AES-256-GCM. A nonce is a file's and a chunk's number, the key is used
/// once, and every chunk is bound to the header: none can be left out, moved or taken from another bundle.</summary>
internal sealed class SealChunks : IDisposable
{
    private const int ChunkBytes = 1 << 20;
    private const int TagBytes = 16;

    private readonly AesGcm _aes;
    private readonly byte[] _bound;
    private readonly byte[] _plain = new byte[ChunkBytes];
    private readonly byte[] _cipher = new byte[ChunkBytes + TagBytes];

    public SealChunks(byte[] key, byte[] header)
    {
        (_aes, _bound) = (new AesGcm(key, TagBytes), SHA256.HashData(header));
        CryptographicOperations.ZeroMemory(key);
    }

    public void Encrypt(int file, long bytes, Stream input, Stream output)
    {
        for (var (chunk, left) = (0L, bytes); left > 0; chunk++, left -= ChunkBytes)
        {
            var length = (int)Math.Min(left, ChunkBytes);
            input.ReadExactly(_plain, 0, length);
            _aes.Encrypt(
                Nonce(file, chunk), _plain.AsSpan(0, length), _cipher.AsSpan(0, length),
                _cipher.AsSpan(length, TagBytes), _bound);
            output.Write(_cipher, 0, length + TagBytes);
        }
    }

    /// <exception cref="SealException">A chunk is missing or is not the one that was sealed here.</exception>
    public void Decrypt(int file, long bytes, Stream input, Stream output)
    {
        try
        {
            for (var (chunk, left) = (0L, bytes); left > 0; chunk++, left -= ChunkBytes)
            {
                var length = (int)Math.Min(left, ChunkBytes);
                input.ReadExactly(_cipher, 0, length + TagBytes);
                _aes.Decrypt(
                    Nonce(file, chunk), _cipher.AsSpan(0, length), _cipher.AsSpan(length, TagBytes),
                    _plain.AsSpan(0, length), _bound);
                output.Write(_plain, 0, length);
            }
        }
        catch (EndOfStreamException fault)
        {
            throw new SealException("the sealed bundle is truncated", fault);
        }
        catch (AuthenticationTagMismatchException fault)
        {
            throw new SealException("the sealed bundle is damaged, or parts of it were exchanged", fault);
        }
    }

    public void Dispose()
    {
        _aes.Dispose();
        CryptographicOperations.ZeroMemory(_plain);
    }

    private static byte[] Nonce(int file, long chunk)
    {
        var nonce = new byte[12];
        BinaryPrimitives.WriteInt32LittleEndian(nonce, file);
        BinaryPrimitives.WriteInt64LittleEndian(nonce.AsSpan(sizeof(int)), chunk);
        return nonce;
    }
}
