using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection;

/// <summary>
/// A new file that is hashed while it is written. Hashing, the slowest of it, has a thread of its own, so that whoever
/// gives the bytes goes on making and writing the next ones. It lends its buffer, so that they can be made where they
/// are written from.
/// </summary>
internal sealed class HashedFile : Stream, IBufferWriter<byte>
{
    private const int BufferBytes = RowTiles.TileBytes;

    /// <summary>Buffers of one file. Some weights are made faster than they are hashed and some slower: a few tiles
    /// wait between the two.</summary>
    public const int MostBuffers = 8;

    private readonly FileStream _file;
    private readonly BlockingCollection<(byte[] Bytes, int Count)> _full = new(MostBuffers);
    private readonly BlockingCollection<byte[]> _free = new(MostBuffers + 1);
    private readonly Task<string> _hasher;
    private readonly int _most;
    private byte[] _buffer = NewBuffer();
    private int _made = 1;
    private int _used;
    private long _position;

    /// <param name="path">The file to make.</param>
    /// <param name="buffers">How many tiles may wait, with the one that is being filled: 2 or more.</param>
    public HashedFile(string path, int buffers = MostBuffers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(buffers, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(buffers, MostBuffers);
        _most = buffers;
        _file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        _hasher = Task.Factory.StartNew(
            HashAll, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _position;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <summary>Writes what is left and closes the file.</summary>
    /// <returns>Name, length and digest.</returns>
    /// <exception cref="IOException">The file could not be written.</exception>
    public PackageFile Complete()
    {
        Send();
        (_buffer, _used) = ([], 0);
        _full.CompleteAdding();
        var digest = _hasher.GetAwaiter().GetResult();
        _file.Dispose();
        return new PackageFile(Path.GetFileName(_file.Name), _position, digest);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _position += buffer.Length;
        while (!buffer.IsEmpty)
        {
            if (_used == _buffer.Length)
            {
                Hand();
            }

            var taken = Math.Min(buffer.Length, _buffer.Length - _used);
            buffer[..taken].CopyTo(_buffer.AsSpan(_used));
            _used += taken;
            buffer = buffer[taken..];
        }
    }

    /// <summary>The place of the next bytes.</summary>
    /// <param name="sizeHint">At least so many, at most those of a tile.</param>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sizeHint, BufferBytes);
        if (_buffer.Length - _used < Math.Max(1, sizeHint))
        {
            Hand();
        }

        return _buffer.AsMemory(_used);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _buffer.Length - _used);
        (_used, _position) = (_used + count, _position + count);
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _full.CompleteAdding();
            ((IAsyncResult)_hasher).AsyncWaitHandle.WaitOne();
            _file.Dispose();
            _full.Dispose();
            _free.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Hand()
    {
        Send();
        (_buffer, _used) = (Free(), 0);
    }

    private void Send()
    {
        _file.Write(_buffer, 0, _used);
        _full.Add((_buffer, _used));
    }

    // A short file never fills the first: the others are made when they are needed.
    private byte[] Free()
    {
        if (_free.TryTake(out var free))
        {
            return free;
        }

        if (_made == _most)
        {
            return _free.Take();
        }

        _made++;
        return NewBuffer();
    }

    // What was not written is never read.
    private static byte[] NewBuffer() => GC.AllocateUninitializedArray<byte>(BufferBytes);

    private string HashAll()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var written = 0L;
        foreach (var (bytes, count) in _full.GetConsumingEnumerable())
        {
            EarlyWriteback.Start(_file.SafeFileHandle, written, count);
            written += count;
            hash.AppendData(bytes, 0, count);
            _free.Add(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
