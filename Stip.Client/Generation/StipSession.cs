using System.Runtime.InteropServices;
using Stip.Client.Sealing;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.Protocol.Tensors;

namespace Stip.Client.Generation;

/// <summary>
/// One sequence of tokens whose cache a server holds. The session remembers the tokens, so a cache that the server has
/// lost is filled again without the caller noticing. Disposing it releases the cache.
/// </summary>
/// <remarks>Not for concurrent use. A step that fails or is cancelled leaves the sequence as it was.</remarks>
public sealed class StipSession : IAsyncDisposable
{
    private const int MostReplays = 3;
    private static readonly TimeSpan LongestGoodbye = TimeSpan.FromSeconds(5);

    private readonly StipModel _model;
    private readonly List<int> _tokens = [];
    private readonly SessionFigures _figures = new();
    private readonly int? _wantedLength;
    private readonly SessionRows _rows;
    private int _cachedTokens;
    private string? _id;

    internal StipSession(StipModel model, int? wantedLength, SessionRows rows) =>
        (_model, _wantedLength, _rows) = (model, wantedLength, rows);

    /// <summary>Tokens of the sequence so far.</summary>
    public int Position => _tokens.Count;

    /// <summary>Most tokens; fewer than were asked for where the server, once it was asked, allows fewer.</summary>
    public int MaxLength => Math.Min(_wantedLength ?? _model.ContextLength, _model.LongestSession);

    /// <summary>What the session has cost so far.</summary>
    public SessionUsage Usage => _figures.Snapshot();

    /// <summary>Tokens of the source; null for a decoder on its own.</summary>
    internal int? SourceTokens => _rows.SourceTokens;

    /// <summary>Sees every request that was answered.</summary>
    internal ExchangeObserver? OnExchange { get; set; }

    /// <summary>Shortens the sequence; the server hears of it with the next step.</summary>
    /// <param name="position">0 to <see cref="Position"/>.</param>
    public void Rewind(int position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, _tokens.Count);
        _tokens.RemoveRange(position, _tokens.Count - position);
        _cachedTokens = Math.Min(_cachedTokens, position);
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
        // Its rows first: a fault of theirs leaves nothing at the server.
        var fork = new StipSession(_model, _wantedLength, _rows.Fork(_cachedTokens));
        fork._tokens.AddRange(_tokens);
        try
        {
            if (_id is { } own && _cachedTokens > 0)
            {
                var (made, figures) = await WantedRoom.SendAsync(_model, waits, onNoRoom =>
                    _model.Client.ForkSessionAsync(own, _cachedTokens, waits, onNoRoom, cancellationToken));
                (fork._id, fork._cachedTokens) = (made.Id, _cachedTokens);
                fork._figures.Count(figures);
            }
        }
        catch (StipException fault) when (fault.IsLost || (waits && fault.IsUnanswered))
        {
        }
        catch
        {
            fork._rows.Dispose();
            throw;
        }

        return fork;
    }

    /// <summary>Releases the server's cache; a server that cannot be reached releases it by itself later.</summary>
    public async ValueTask DisposeAsync()
    {
        _rows.Dispose();
        if (_id is not { } id)
        {
            return;
        }

        _id = null;
        using var patience = new CancellationTokenSource(LongestGoodbye, _model.Client.Time);
        try
        {
            await _model.Client.DeleteSessionAsync(id, patience.Token);
        }
        catch (Exception fault) when (fault is StipException or OperationCanceledException)
        {
            // The lease ends it.
        }
    }

    /// <summary>Shortens the sequence to its longest common beginning with another one.</summary>
    /// <param name="tokenIds">The other one.</param>
    /// <param name="keepsLast">Whether all of <paramref name="tokenIds"/> may stay, so that nothing would be left to
    /// send.</param>
    internal void RewindTo(ReadOnlySpan<int> tokenIds, bool keepsLast) =>
        Rewind(CommonTokens(keepsLast ? tokenIds : tokenIds[..^1]));

    /// <summary>How many guesses may follow so many tokens so that wrong ones cost no replay.</summary>
    internal int MostGuesses(int tokens) => Math.Min(MaxLength - tokens, _model.MostTakenBack(tokens));

    /// <summary>How many tokens the sequence has in common with the beginning of another one.</summary>
    internal int CommonTokens(ReadOnlySpan<int> tokenIds) =>
        CollectionsMarshal.AsSpan(_tokens).CommonPrefixLength(tokenIds);

    /// <summary>Appends tokens and brings the logits that are wanted.</summary>
    internal async Task<IReadOnlyList<LogitsRow>> StepAsync(
        ReadOnlyMemory<int> tokenIds, LogitsRequest want, CancellationToken cancellationToken)
    {
        var before = _tokens.Count;
        ArgumentOutOfRangeException.ThrowIfLessThan(tokenIds.Length, 1, nameof(tokenIds));
        CheckLength(before + tokenIds.Length);
        _tokens.AddRange(tokenIds.Span);
        try
        {
            for (var replays = 0; ; replays++)
            {
                try
                {
                    return await SendPendingAsync(before, want, cancellationToken);
                }
                catch (StipException lost) when (replays < MostReplays && lost.IsLost)
                {
                    (_id, _cachedTokens) = (null, 0);
                    _figures.CountReplay();
                    _model.Recheck();
                }
            }
        }
        catch
        {
            Rewind(before);
            throw;
        }
    }

    private void CheckLength(int count)
    {
        if (count > MaxLength)
        {
            throw new StipException(
                $"context_length_exceeded: {count} tokens are more than the {MaxLength} of this session",
                StipErrorCode.ContextLengthExceeded);
        }
    }

    private async Task<IReadOnlyList<LogitsRow>> SendPendingAsync(
        int before, LogitsRequest want, CancellationToken cancellationToken)
    {
        var maxTopK = (await _model.CheckAsync(cancellationToken)).MaxTopK;
        CheckLength(_tokens.Count);
        want = want with { TopK = want.TopK is { } k && maxTopK > 0 ? Math.Min(k, maxTopK) : null };
        var unwanted = new LogitsRequest(maxTopK > 0 ? 1 : null);
        var wantsAll = want.Rows == LogitsRequest.All;
        var rows = new List<LogitsRow>();
        while (_cachedTokens < _tokens.Count)
        {
            // A replay asks for the old tokens first, so that "all" rows means the new ones only.
            var end = _cachedTokens < before && wantsAll ? before : _tokens.Count;
            var count = Math.Min(end - _cachedTokens, _model.StepSizes.Most(_model.Bundle, wantsAll));
            var isWanted = wantsAll
                ? _cachedTokens >= before
                : _cachedTokens + count == _tokens.Count;
            if (await TrySendAsync(count, isWanted ? want : unwanted, cancellationToken) is { } answer && isWanted)
            {
                rows.AddRange(answer);
            }
        }

        return rows;
    }

    // Null where so many rows do not go at once; then fewer are sent from there on.
    private async Task<IReadOnlyList<LogitsRow>?> TrySendAsync(
        int count, LogitsRequest want, CancellationToken cancellationToken)
    {
        var wantsAll = want.Rows == LogitsRequest.All;
        try
        {
            var rows = await SendAsync(count, want, cancellationToken);
            _model.StepSizes.Went(count, wantsAll);
            return rows;
        }
        catch (StipException refused) when (_model.StepSizes.Learns(refused, count, wantsAll))
        {
            return null;
        }
    }

    private async Task<IReadOnlyList<LogitsRow>> SendAsync(
        int count, LogitsRequest want, CancellationToken cancellationToken)
    {
        var request = Request(count, want);
        var client = _model.Client;
        var exchange = _id is not null
            ? await client.CompleteAsync(request, cancellationToken)
            : await WantedRoom.SendAsync(
                _model, waits: true, onNoRoom => client.CompleteAsync(request, onNoRoom, cancellationToken));
        _figures.Count(exchange.Figures);
        var response = exchange.Response;
        _model.RequireOwn(response.Fingerprint, response.KeyEpoch);
        var expected = _cachedTokens + count;
        var rows = LogitsUnsealing.TryUnseal(
            response.Choices, want.Rows == LogitsRequest.All ? count : 1, _model.Bundle.Permutation);
        if (response.Position != expected || response.SessionId is null || rows is null)
        {
            throw new StipException($"model '{_model.Id}': the server's answer is not the one asked for", null);
        }

        OnExchange?.Invoke(request, exchange, CollectionsMarshal.AsSpan(_tokens)[_cachedTokens..expected]);
        (_id, _cachedTokens) = (response.SessionId, expected);
        return rows;
    }

    private CompletionRequest Request(int count, LogitsRequest want)
    {
        var ids = CollectionsMarshal.AsSpan(_tokens).Slice(_cachedTokens, count);
        var bundle = _model.Bundle;
        return new CompletionRequest(
            _model.Id,
            new TensorPayload(
                bundle.WireDtype.WireName(), [count, bundle.Manifest.HiddenSize],
                _rows.Make(ids, _cachedTokens, mayBeKept: OnExchange is not null)),
            _id,
            _id is null ? null : _cachedTokens,
            want,
            _id is null && _wantedLength is not null ? MaxLength : null)
        {
            EncoderInputsEmbeds = _cachedTokens == 0 ? _rows.Source : null,
        };
    }
}
