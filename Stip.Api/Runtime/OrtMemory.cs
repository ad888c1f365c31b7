using System.Buffers;
using Microsoft.ML.OnnxRuntime;

namespace Stip.Api.Runtime;

/// <summary>The numbers of a tensor of ONNX Runtime, where they lie, until they are let go of.</summary>
internal sealed unsafe class OrtMemory : MemoryManager<byte>
{
    private readonly int _bytes;
    private byte* _start;
    private bool _isGone;

    /// <param name="value">On the host; must outlast this.</param>
    public OrtMemory(OrtValue value)
    {
        var data = value.GetTensorMutableRawData();
        fixed (byte* start = data)
        {
            // Outside the managed heap, or pinned there: it does not move.
            _start = start;
            _bytes = data.Length;
        }
    }

    /// <summary>True where its first byte lies in that memory.</summary>
    public bool BeginsIn(ReadOnlySpan<byte> memory)
    {
        fixed (byte* start = memory)
        {
            return _start >= start && _start < start + memory.Length;
        }
    }

    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_isGone, this);
        return new(_start, _bytes);
    }

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)_bytes, nameof(elementIndex));
        ObjectDisposedException.ThrowIf(_isGone, this);
        return new MemoryHandle(_start + elementIndex);
    }

    public override void Unpin()
    {
        // It never moves.
    }

    /// <summary>The tensor goes: nobody reads it any more.</summary>
    public void Forget()
    {
        _start = null;
        _isGone = true;
    }

    protected override void Dispose(bool disposing) => Forget();
}
