namespace Stip.Api.Engine;

/// <summary>Where the logits of a run go: all rows into one buffer, or each into the answer of its session.</summary>
internal readonly ref struct LogitsTarget
{
    private readonly Span<byte> _joined;
    private readonly ReadOnlySpan<Memory<byte>> _rows;

    /// <param name="joined"><c>[wanted, vocab]</c>.</param>
    public LogitsTarget(Span<byte> joined) => _joined = joined;

    /// <param name="rows">One row <c>[vocab]</c> for each that is wanted.</param>
    public LogitsTarget(ReadOnlySpan<Memory<byte>> rows) => _rows = rows;

    public static implicit operator LogitsTarget(Span<byte> joined) => new(joined);

    public static implicit operator LogitsTarget(byte[] joined) => new(joined);

    /// <summary>Place of a wanted row.</summary>
    public Span<byte> Row(int index, int rowBytes) =>
        _rows.IsEmpty ? _joined.Slice(index * rowBytes, rowBytes) : _rows[index].Span[..rowBytes];

    /// <summary>Takes every row over.</summary>
    /// <param name="logits"><c>[wanted, vocab]</c>.</param>
    public void Fill(ReadOnlySpan<byte> logits)
    {
        if (_rows.IsEmpty)
        {
            logits.CopyTo(_joined);
            return;
        }

        var rowBytes = logits.Length / _rows.Length;
        for (var i = 0; i < _rows.Length; i++)
        {
            logits.Slice(i * rowBytes, rowBytes).CopyTo(_rows[i].Span);
        }
    }
}
