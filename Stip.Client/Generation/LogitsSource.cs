using Stip.Client.Sealing;
using Stip.Protocol.Completions;

namespace Stip.Client.Generation;

/// <summary>Where a session has the logits after its tokens from: steps over a cache of the server's, or passes over
/// the whole text. Whatever chooses tokens need not know which.</summary>
/// <param name="rows">Makes what is sent; owned.</param>
internal abstract class LogitsSource(SessionRows rows) : IAsyncDisposable
{
    /// <summary>What it has cost.</summary>
    public SessionFigures Figures { get; } = new();

    /// <summary>Sees every request that was answered.</summary>
    public ExchangeObserver? OnExchange { get; set; }

    /// <summary>Tokens of the source; null for a decoder on its own.</summary>
    public int? SourceTokens => Rows.SourceTokens;

    protected SessionRows Rows { get; } = rows;

    /// <summary>The source of a model's sessions.</summary>
    public static LogitsSource Of(SessionLength length, SessionRows rows) => length.Model.ReadsWholeSequences
        ? new WholeLogits(length, rows)
        : new CachedLogits(length, rows);

    /// <summary>How many guesses may follow so many tokens so that wrong ones cost nothing more.</summary>
    public abstract int MostGuesses(int tokens);

    /// <summary>Takes note that the sequence has no more than so many tokens from now on.</summary>
    public abstract void Rewind(int position);

    /// <summary>Brings the logits that are wanted.</summary>
    /// <param name="tokens">The whole sequence.</param>
    /// <param name="before">How many of the tokens are not new.</param>
    /// <param name="want">The last row, or one after each new token.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public abstract Task<IReadOnlyList<LogitsRow>> AfterAsync(
        List<int> tokens, int before, LogitsRequest want, CancellationToken cancellationToken);

    /// <summary>That of a session that begins as this one.</summary>
    /// <param name="waits">False for a caller that can do without: what passes is not waited for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public abstract Task<LogitsSource> ForkAsync(bool waits, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    protected static StipException NotAsked(StipModel model) =>
        new($"model '{model.Id}': the server's answer is not the one asked for", null);
}
