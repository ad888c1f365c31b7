namespace Stip.Export.Blocks.Attention;

/// <summary>
/// Which stored channel stands at a channel of the graph, where heads are filled up with zeros to a size the kernel
/// takes.
/// </summary>
/// <param name="Heads">Number of heads side by side; 1 for an axis without heads.</param>
/// <param name="Stored">Channels of a head in the checkpoint.</param>
/// <param name="Padded">Channels of a head in the graph, at least as many.</param>
internal readonly record struct HeadPadding(int Heads, int Stored, int Padded)
{
    /// <summary>Which stored head stands at each place of the graph, −1 for none; null where their order is
    /// kept.</summary>
    public IReadOnlyList<int>? Order { get; init; }

    /// <summary>Channels from one stored head to the next where others lie between them; 0 where none do.</summary>
    public int Stride { get; init; }

    /// <summary>Channels of a stored head before the first that is taken.</summary>
    public int Skipped { get; init; }

    /// <summary>Heads in the checkpoint where they are not as many as in the graph; 0 where they are.</summary>
    public int StoredHeads { get; init; }

    /// <summary>Channels of the axis in the graph.</summary>
    public int Length => Heads * Padded;

    /// <summary>Channels of the axis in the checkpoint.</summary>
    public int StoredLength => (StoredHeads > 0 ? StoredHeads : Heads) * (Stride > 0 ? Stride : Stored);

    /// <summary>An axis that is taken as it is.</summary>
    public static HeadPadding None(int length) => new(1, length, length);

    /// <summary>The stored channel, or -1 where zero is filled in.</summary>
    public int Source(int channel)
    {
        var (head, inside) = Math.DivRem(channel, Padded);
        return inside < Stored && (Order?[head] ?? head) is >= 0 and var place
            ? place * (Stride > 0 ? Stride : Stored) + Skipped + inside
            : -1;
    }

    /// <summary>Stored channels of the graph's channels <paramref name="first"/>..+<paramref name="count"/>, as a
    /// range.</summary>
    public (int First, int Count) Sources(int first, int count)
    {
        var low = int.MaxValue;
        var high = -1;
        for (var channel = first; channel < first + count; channel++)
        {
            if (Source(channel) is >= 0 and var source)
            {
                low = Math.Min(low, source);
                high = Math.Max(high, source);
            }
        }

        return high < 0 ? (0, 0) : (low, high - low + 1);
    }
}
