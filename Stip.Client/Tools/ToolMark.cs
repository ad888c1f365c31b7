namespace Stip.Client.Tools;

/// <summary>Words around calls.</summary>
/// <param name="Begin">The word before them.</param>
/// <param name="End">The word behind them; null where they go on to the end of the answer.</param>
internal sealed record ToolMark(string Begin, string? End = null)
{
    /// <summary>What a template that teaches it has.</summary>
    public string Sign { get; init; } = Begin;

    /// <summary>Whether the words are a part of the call.</summary>
    public bool BelongsToCall { get; init; }

    /// <summary>Whether it is text that follows, up to another mark.</summary>
    public bool IsText { get; init; }

    /// <summary>What stands between the marks.</summary>
    /// <param name="marked">Begins with <see cref="Begin"/>; its end may be missing.</param>
    public string Inside(string marked) => BelongsToCall ? marked
        : End is { } end && marked.EndsWith(end, StringComparison.Ordinal) ? marked[Begin.Length..^end.Length]
        : marked[Begin.Length..];
}
