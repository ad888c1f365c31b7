using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Stip.Protocol.Tensors;

/// <summary>A safetensors file, memory-mapped for reading: bytes are loaded when they are touched.</summary>
/// <remarks>Safe for concurrent reading. Spans taken from it must not be used after disposal.</remarks>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;

    private SafetensorsFile(MemoryMappedFile file, MemoryMappedViewAccessor view, byte* start, SafetensorsHeader header)
    {
        _file = file;
        _view = view;
        _start = start;
        Header = header;
    }

    /// <summary>The checked header.</summary>
    public SafetensorsHeader Header { get; }

    /// <summary>Opens and checks a file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The header is not one, or claims more than the file holds.</exception>
    public static SafetensorsFile Open(string path)
    {
        using SafeFileHandle handle = File.OpenHandle(path);
        var totalBytes = RandomAccess.GetLength(handle);
        try
        {
            Span<byte> prefix = stackalloc byte[8];
            var json = new byte[SafetensorsHeader.ReadJsonLength(
                prefix[..RandomAccess.Read(handle, prefix, 0)], totalBytes)];
            _ = RandomAccess.Read(handle, json, prefix.Length);
            var header = SafetensorsHeader.Parse(json, totalBytes);
            var file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            var view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            byte* start = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            return new SafetensorsFile(file, view, start, header);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>The bytes of one tensor, at most 2 GiB.</summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        var entry = Header.Entries.TryGetValue(name, out var found)
            ? found
            : throw new KeyNotFoundException($"there is no tensor '{name}'");
        return Bytes(entry, 0, checked((int)entry.ByteLength));
    }

    /// <summary>A part of one tensor: <paramref name="count"/> bytes of it from <paramref name="offset"/> on.</summary>
    public ReadOnlySpan<byte> Bytes(SafetensorsEntry entry, long offset, int count)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + count, entry.ByteLength);
        return new ReadOnlySpan<byte>(_start + Header.DataOffset + entry.Offset + offset, count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
