using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Stip.Onnx.Model;

/// <summary>A file mapped for reading: its bytes are loaded when they are touched. Spans must not outlive it.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private const int WillNeed = 3;
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _start;

    public MappedFile(string path)
    {
        // Of the file itself: that of a link is the length of its target's name.
        using (var handle = File.OpenHandle(path))
        {
            Length = RandomAccess.GetLength(handle);
        }

        if (Length == 0)
        {
            return;
        }

        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
    }

    public long Length { get; }

    public ReadOnlySpan<byte> Bytes(long offset, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + count, Length);
        return new ReadOnlySpan<byte>(_start + offset, count);
    }

    /// <summary>Asks the system to read a part of the file ahead; where it cannot, reading is only slower.</summary>
    public void Prefetch(long offset, long count)
    {
        if (OperatingSystem.IsLinux() && count > 0)
        {
            var start = (nint)(_start + offset) & ~(nint)(Environment.SystemPageSize - 1);
            _ = Advise(start, (nint)(_start + offset + count) - start, WillNeed);
        }
    }

    public void Dispose()
    {
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _file?.Dispose();
    }

    [DllImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Advise(nint address, nint length, int advice);
}
