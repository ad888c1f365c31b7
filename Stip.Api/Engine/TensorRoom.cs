using System.Buffers;

namespace Stip.Api.Engine;

/// <summary>Room for the numbers of one tensor, with whatever was in it: of the shared pool where they are few, else
/// pages of its own. Whoever rents it returns it, once.</summary>
internal readonly struct TensorRoom
{
    /// <summary>Most bytes that are taken of the pool.</summary>
    public const int MostPooledBytes = 1 << 20;

    private readonly byte[]? _pooled;
    private readonly NativePages? _pages;
    private readonly int _bytes;

    private TensorRoom(byte[]? pooled, NativePages? pages, int bytes) =>
        (_pooled, _pages, _bytes) = (pooled, pages, bytes);

    public int Bytes => _bytes;

    public Span<byte> Span => _pages is null ? _pooled.AsSpan(0, _bytes) : _pages.GetSpan();

    public Memory<byte> Memory => _pages is null ? _pooled.AsMemory(0, _bytes) : _pages.Memory;

    /// <exception cref="InsufficientMemoryException">There is none.</exception>
    public static TensorRoom Rent(int bytes) => bytes <= MostPooledBytes
        ? new(ArrayPool<byte>.Shared.Rent(bytes), null, bytes)
        : new(null, new NativePages(bytes), bytes);

    public void Return()
    {
        if (_pooled is not null)
        {
            ArrayPool<byte>.Shared.Return(_pooled);
        }

        _pages?.Free();
    }
}
