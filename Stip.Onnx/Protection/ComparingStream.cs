namespace Stip.Onnx.Protection;

/// <summary>Compares what is written to it with bytes that are there already.</summary>
/// <param name="length">How many there are.</param>
/// <param name="expected">Gives a part of them.</param>
internal sealed class ComparingStream(long length, ComparingStream.Part expected) : MemoryStream
{
    private long _offset;
    private bool _differs;

    /// <summary>Bytes from an offset on.</summary>
    public delegate ReadOnlySpan<byte> Part(long offset, int count);

    /// <summary>True where all of them were written, and nothing else.</summary>
    public bool IsEqual => !_differs && _offset == length;

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _differs |= _offset + buffer.Length > length
            || !expected(_offset, buffer.Length).SequenceEqual(buffer);
        _offset += buffer.Length;
    }
}
