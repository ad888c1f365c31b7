using System.Runtime.InteropServices;
using Stip.Client.Sealing;
using Stip.Protocol.Completions;

namespace Stip.Client.Generation;

/// <summary>
/// One sequence of tokens whose cache a server holds. The session remembers the tokens, so a cache that the server has
/// lost is filled again without the caller noticing. Disposing it releases the cache. Of a model without a cache the
/// server holds nothing, and each step sends all tokens (<see cref="StipModel.ReadsWholeSequences"/>).
/// </summary>
/// <remarks>Not for concurrent use. A step that fails or is cancelled leaves the sequence as it was.</remarks>
public sealed class StipSession : IAsyncDisposable
{
    private readonly StipModel _model;
    private readonly List<int> _tokens = [];
    private readonly SessionLength _length;
    private readonly LogitsSource _logits;

    internal StipSession(StipModel model, int? wantedLength, SessionRows rows)
        : this(new SessionLength(model, wantedLength), LogitsSource.Of(new SessionLength(model, wantedLength), rows))
    {
    }

    private StipSession(SessionLength length, LogitsSource logits) =>
        (_model, _length, _logits) = (length.Model, length, logits);

    /// <summary>Tokens of the sequence so far.</summary>
    public int Position => _tokens.Count;

    /// <summary>Most tokens; fewer than were asked for where the server, once it was asked, allows fewer.</summary>
    public int MaxLength => _length.Most;

    /// <summary>What the session has cost so far.</summary>
    public SessionUsage Usage => _logits.Figures.Snapshot();

    /// <summary>Tokens of the source; null for a decoder on its own.</summary>
    internal int? SourceTokens => _logits.SourceTokens;

    /// <summary>Tokens of the latest prompt; 0 before the first.</summary>
    internal int PromptTokens { get; set; }

    /// <summary>Sees every request that was answered.</summary>
    internal ExchangeObserver? OnExchange
    {
        get => _logits.OnExchange;
        set => _logits.OnExchange = value;
    }

    /// <summary>Shortens the sequence; the server hears of it with the next step.</summary>
    /// <param name="position">0 to <see cref="Position"/>.</param>
    public void Rewind(int position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, _tokens.Count);
        _tokens.RemoveRange(position, _tokens.Count - position);
        _logits.Rewind(position);
    }

    /// <summary>Makes the sequence equal to <paramref name="tokenIds"/>, sending only what comes after the longest
    /// common beginning, at least the last token.</summary>
    /// <returns>The logits after the last token.</returns>
    /// <exception cref="StipException">As <see cref="AppendAsync"/>.</exception>
    public Task<LogitsRow> ContinueAsync(
        ReadOnlyMemory<int> tokenIds, int? topK = null, CancellationToken cancellationToken = default)
    {
        RewindTo(tokenIds.Span, keepsLast: false);
        return AppendAsync(tokenIds[Position..], topK, 1, cancellationToken);
    }

    /// <summary>Appends tokens, in several steps where they are many.</summary>
    /// <param name="tokenIds"><c>[n]</c>, at least one.</param>
    /// <param name="topK">Asks for so many of the largest logits, as far as the server allows; null for all.</param>
    /// <param name="temperature">Of the log-sum-exp that comes with top-k; above 0, default 1.</param>
    /// <param name="cancellationToken">Ends the wait; the sequence stays as it was.</param>
    /// <returns>The logits after the last token.</returns>
    /// <exception cref="StipException"><c>context_length_exceeded</c> beyond <see cref="MaxLength"/>; what the server
    /// refuses; a server that is not reached.</exception>
    public async Task<LogitsRow> AppendAsync(
        ReadOnlyMemory<int> tokenIds,
        int? topK = null,
        double temperature = 1,
        CancellationToken cancellationToken = default) =>
        (await StepAsync(tokenIds, new LogitsRequest(topK, LogitsRequest.Last, temperature), cancellationToken))[^1];

    /// <summary>Appends tokens and brings the full logits after each of them.</summary>
    /// <returns>One row for each token.</returns>
    /// <exception cref="StipException">As <see cref="AppendAsync"/>.</exception>
    public Task<IReadOnlyList<LogitsRow>> ScoreAsync(
        ReadOnlyMemory<int> tokenIds, CancellationToken cancellationToken = default) =>
        StepAsync(tokenIds, new LogitsRequest(null, LogitsRequest.All), cancellationToken);

    /// <summary>Makes the sequence equal to a prompt, as <see cref="ContinueAsync"/>, and generates after it.</summary>
    /// <param name="promptIds">The whole prompt, at least one token.</param>
    /// <param name="options">When to stop and how to choose; greedy to the end of the session by default.</param>
    /// <param name="cancellationToken">Ends it after the last token that came.</param>
    /// <returns>One item for each token as it comes; the last one says why it is the last. The last token is not sent
    /// to the server.</returns>
    /// <exception cref="StipException">As <see cref="AppendAsync"/>.</exception>
    public IAsyncEnumerable<GeneratedToken> GenerateAsync(
        ReadOnlyMemory<int> promptIds,
        GenerationOptions? options = null,
        CancellationToken cancellationToken = default) =>
        new TokenStream(_model, this, options ?? new GenerationOptions()).RunAsync(promptIds, cancellationToken);

    /// <summary>Opens a session that begins as this one, whose cache the server copies: nothing is sent or run again.
    /// Where it has lost this one, or its answer is lost on the way, the new one sends its tokens with its first
    /// step.</summary>
    /// <exception cref="StipException"><c>server_overloaded</c> or <c>rate_limit_exceeded</c>: there is no room for one
    /// more, for as long as a step waits for it; other refusals. This session stays as it was.</exception>
    public Task<StipSession> ForkAsync(CancellationToken cancellationToken = default) =>
        ForkAsync(waits: true, cancellationToken);

    /// <param name="waits">False for a caller that can do without: what passes is not waited for, and a server that is
    /// not reached is a fault.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task<StipSession> ForkAsync(bool waits, CancellationToken cancellationToken)
    {
        var fork = new StipSession(_length, await _logits.ForkAsync(waits, cancellationToken));
        fork._tokens.AddRange(_tokens);
        return fork;
    }

    /// <summary>Releases the server's cache; a server that cannot be reached releases it by itself later.</summary>
    public ValueTask DisposeAsync() => _logits.DisposeAsync();

    /// <summary>Shortens the sequence to its longest common beginning with another one.</summary>
    /// <param name="tokenIds">The other one.</param>
    /// <param name="keepsLast">Whether all of <paramref name="tokenIds"/> may stay, so that nothing would be left to
    /// send.</param>
    internal void RewindTo(ReadOnlySpan<int> tokenIds, bool keepsLast) =>
        Rewind(CommonTokens(keepsLast ? tokenIds : tokenIds[..^1]));

    /// <summary>How many guesses may follow so many tokens so that wrong ones cost no replay.</summary>
    internal int MostGuesses(int tokens) => _logits.MostGuesses(tokens);

    /// <summary>How many tokens the sequence has in common with the beginning of another one.</summary>
    internal int CommonTokens(ReadOnlySpan<int> tokenIds) =>
        CollectionsMarshal.AsSpan(_tokens).CommonPrefixLength(tokenIds);

    /// <summary>Appends tokens and brings the logits that are wanted.</summary>
    internal async Task<IReadOnlyList<LogitsRow>> StepAsync(
        ReadOnlyMemory<int> tokenIds, LogitsRequest want, CancellationToken cancellationToken)
    {
        var before = _tokens.Count;
        ArgumentOutOfRangeException.ThrowIfLessThan(tokenIds.Length, 1, nameof(tokenIds));
        _length.Require(before + tokenIds.Length);
        _tokens.AddRange(tokenIds.Span);
        try
        {
            return await _logits.AfterAsync(_tokens, before, want, cancellationToken);
        }
        catch
        {
            Rewind(before);
            throw;
        }
    }
}
