using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Stip.Keys.Sealing;

/// <summary>The files of a bundle in chunks of AES-256-GCM. A nonce is a file's and a chunk's number, the key is used
/// once, and every chunk is bound to the header: none can be left out, moved or taken from another bundle.</summary>
internal sealed class SealChunks : IDisposable
{
    private const int ChunkBytes = 1 << 20;

    private readonly AesGcm _aes;
    private readonly byte[] _bound;
    private readonly byte[] _plain = new byte[ChunkBytes];
    private readonly byte[] _cipher = new byte[ChunkBytes + PassphraseKey.TagBytes];

    /// <param name="key">The content key, zeroed here.</param>
    /// <param name="header">What the chunks are bound to.</param>
    public SealChunks(byte[] key, byte[] header)
    {
        (_aes, _bound) = (new AesGcm(key, PassphraseKey.TagBytes), SHA256.HashData(header));
        CryptographicOperations.ZeroMemory(key);
    }

    public void Encrypt(int file, long bytes, Stream input, Stream output)
    {
        for (var (chunk, left) = (0L, bytes); left > 0; chunk++, left -= ChunkBytes)
        {
            var plain = _plain.AsSpan(0, (int)Math.Min(left, ChunkBytes));
            input.ReadExactly(plain);
            Write(file, chunk, plain, output);
        }
    }

    /// <exception cref="SealException">A chunk is missing or is not the one that was sealed here.</exception>
    /// <exception cref="OperationCanceledException">It is asked for before a chunk.</exception>
    public void Decrypt(
        int file, long bytes, Stream input, Stream output, CancellationToken cancellationToken = default)
    {
        for (var (chunk, left) = (0L, bytes); left > 0; chunk++, left -= ChunkBytes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            output.Write(Read(file, chunk, (int)Math.Min(left, ChunkBytes), input));
        }
    }

    /// <summary>Moves a file from one seal to another; one chunk of it is open at a time, and none on disk.</summary>
    /// <exception cref="SealException">As <see cref="Decrypt"/>.</exception>
    public void Recrypt(int file, long bytes, Stream input, SealChunks next, Stream output)
    {
        for (var (chunk, left) = (0L, bytes); left > 0; chunk++, left -= ChunkBytes)
        {
            next.Write(file, chunk, Read(file, chunk, (int)Math.Min(left, ChunkBytes), input), output);
        }
    }

    public void Dispose()
    {
        _aes.Dispose();
        CryptographicOperations.ZeroMemory(_plain);
    }

    private void Write(int file, long chunk, ReadOnlySpan<byte> plain, Stream output)
    {
        var length = plain.Length;
        _aes.Encrypt(
            Nonce(file, chunk), plain, _cipher.AsSpan(0, length),
            _cipher.AsSpan(length, PassphraseKey.TagBytes), _bound);
        output.Write(_cipher, 0, length + PassphraseKey.TagBytes);
    }

    private ReadOnlySpan<byte> Read(int file, long chunk, int length, Stream input)
    {
        try
        {
            input.ReadExactly(_cipher, 0, length + PassphraseKey.TagBytes);
            var plain = _plain.AsSpan(0, length);
            _aes.Decrypt(
                Nonce(file, chunk), _cipher.AsSpan(0, length), _cipher.AsSpan(length, PassphraseKey.TagBytes), plain,
                _bound);
            return plain;
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

    private static byte[] Nonce(int file, long chunk)
    {
        var nonce = new byte[PassphraseKey.NonceBytes];
        BinaryPrimitives.WriteInt32LittleEndian(nonce, file);
        BinaryPrimitives.WriteInt64LittleEndian(nonce.AsSpan(sizeof(int)), chunk);
        return nonce;
    }
}
