namespace Stip.Protocol.Packages;

/// <summary>A cache that keeps the newest tokens of a sequence and no more, as ONNX Runtime's GroupQueryAttention does
/// with <c>sliding_window_cache</c>. What it keeps depends on the length of the sequence alone.</summary>
/// <param name="Window">Tokens that a query sees, itself included.</param>
/// <param name="Rows">Tokens that it has room for, at least <paramref name="Window"/>. Once they are full, all but the
/// newest <paramref name="Window"/> go at once.</param>
public sealed record BoundedCache(int Window, int Rows)
{
    private const int FewestSpare = 16;
    private const int SpareShare = 4;

    /// <summary>The cache of a session.</summary>
    /// <param name="window">Tokens that a query sees.</param>
    /// <param name="tokens">Longest sequence.</param>
    /// <param name="spare">Tokens beside the window that may still be rewound; null for a quarter of the window, at
    /// least 16.</param>
    public static BoundedCache For(int window, int tokens, int? spare = null) => new(
        window,
        (int)Math.Clamp(
            (long)window + (spare ?? Math.Max(FewestSpare, window / SpareShare)), window, Math.Max(window, tokens)));

    /// <summary>How many of so many tokens are kept, the newest ones.</summary>
    public int Kept(int tokens) => tokens <= Rows ? tokens : Window + ((tokens - Rows - 1) % (Rows - Window + 1));

    /// <summary>How many tokens may follow so many before others go for them.</summary>
    public int Room(int tokens) => Rows - Kept(tokens);

    /// <summary>True where a sequence of so many tokens can be shortened without the loss of any that the shorter one
    /// needs.</summary>
    /// <param name="tokens">Tokens of the sequence.</param>
    /// <param name="position">Tokens that are to stay.</param>
    public bool CanRewind(int tokens, int position) =>
        position == 0 || position >= tokens || tokens - position == Kept(tokens) - Kept(position);
}
