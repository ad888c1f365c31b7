using System.Collections.Concurrent;
using System.Security.Cryptography;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection;

/// <summary>
/// A new file that is hashed while it is written. Hashing and writing happen on a thread of their own, so that whoever
/// gives the bytes goes on making the next ones.
/// </summary>
internal sealed class HashedFile : Stream
{
    private const int BufferBytes = 4 << 20;
    private const int Buffers = 3;

    private readonly FileStream _file;
    private readonly BlockingCollection<(byte[] Bytes, int Count)> _full = new(Buffers);
    private readonly BlockingCollection<byte[]> _free = new(Buffers + 1);
    private readonly Task<string> _writer;
    private byte[] _buffer = new byte[BufferBytes];
    private int _used;
    private long _position;

    public HashedFile(string path)
    {
        _file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var i = 1; i < Buffers; i++)
        {
            _free.Add(new byte[BufferBytes]);
        }

        _writer = Task.Factory.StartNew(
            WriteAll, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
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
        Hand();
        _full.CompleteAdding();
        var digest = _writer.GetAwaiter().GetResult();
        return new PackageFile(Path.GetFileName(_file.Name), _position, digest);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _position += buffer.Length;
        while (!buffer.IsEmpty)
        {
            var taken = Math.Min(buffer.Length, _buffer.Length - _used);
            buffer[..taken].CopyTo(_buffer.AsSpan(_used));
            _used += taken;
            buffer = buffer[taken..];
            if (_used == _buffer.Length)
            {
                Hand();
            }
        }
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
            ((IAsyncResult)_writer).AsyncWaitHandle.WaitOne();
            _file.Dispose();
            _full.Dispose();
            _free.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Hand()
    {
        if (_writer.IsFaulted)
        {
            _writer.GetAwaiter().GetResult();
        }

        _full.Add((_buffer, _used));
        (_buffer, _used) = (_free.Take(), 0);
    }

    private string WriteAll()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        try
        {
            foreach (var (bytes, count) in _full.GetConsumingEnumerable())
            {
                hash.AppendData(bytes, 0, count);
                _file.Write(bytes, 0, count);
                _free.Add(bytes);
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        finally
        {
            // After a failure whoever waits for a buffer must not wait for ever.
            _free.Add(new byte[BufferBytes]);
            _file.Dispose();
        }
    }
}
