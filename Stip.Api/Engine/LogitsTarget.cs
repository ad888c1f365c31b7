namespace Stip.Api.Engine;

/// <summary>Where the logits of a run go: all rows into one buffer, or each into the answer of its session; as a whole,
/// or, from a decoder that reduces them, the largest of each.</summary>
internal readonly ref struct LogitsTarget
{
    private readonly Span<byte> _joined;
    private readonly ReadOnlySpan<Memory<byte>> _rows;
    private readonly ReadOnlySpan<TopRow> _tops;
    private readonly TopRow _top;

    /// <param name="joined"><c>[wanted, vocab]</c>, or what is wanted of each row.</param>
    /// <param name="top">What is wanted of every row.</param>
    public LogitsTarget(Span<byte> joined, TopRow top = default)
    {
        _joined = joined;
        _top = top;
    }

    /// <param name="rows">The place of each row that is wanted.</param>
    /// <param name="tops">What is wanted of each.</param>
    public LogitsTarget(ReadOnlySpan<Memory<byte>> rows, ReadOnlySpan<TopRow> tops)
    {
        _rows = rows;
        _tops = tops;
    }

    public static implicit operator LogitsTarget(Span<byte> joined) => new(joined);

    public static implicit operator LogitsTarget(byte[] joined) => new(joined);

    /// <summary>What is wanted of a row.</summary>
    public TopRow Top(int index) => _tops.IsEmpty ? _top : _tops[index];

    /// <summary>The places of a wanted row and those after it.</summary>
    public LogitsTarget From(int index, int rowBytes) => _rows.IsEmpty
        ? new LogitsTarget(_joined[(index * _top.Bytes(rowBytes))..], _top)
        : new LogitsTarget(_rows[index..], _tops[index..]);

    /// <summary>Place of a wanted row.</summary>
    /// <param name="index">Of the row.</param>
    /// <param name="rowBytes">Bytes of a whole row.</param>
    public Span<byte> Row(int index, int rowBytes)
    {
        var bytes = Top(index).Bytes(rowBytes);
        return _rows.IsEmpty ? _joined.Slice(index * bytes, bytes) : _rows[index].Span[..bytes];
    }
}
