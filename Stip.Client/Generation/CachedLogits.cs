using System.Runtime.InteropServices;
using Stip.Client.Sealing;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;

namespace Stip.Client.Generation;

/// <summary>Logits of steps over a cache that the server holds: only the rows that it has not seen are sent. One that
/// it has lost is filled again.</summary>
internal sealed class CachedLogits(SessionLength length, SessionRows rows) : LogitsSource(rows)
{
    private const int MostReplays = 3;
    private static readonly TimeSpan LongestGoodbye = TimeSpan.FromSeconds(5);

    private readonly StipModel _model = length.Model;
    private int _cachedTokens;
    private string? _id;

    public override int MostGuesses(int tokens) => Math.Min(length.Most - tokens, _model.MostTakenBack(tokens));

    public override void Rewind(int position) => _cachedTokens = Math.Min(_cachedTokens, position);

    public override async Task<IReadOnlyList<LogitsRow>> AfterAsync(
        List<int> tokens, int before, LogitsRequest want, CancellationToken cancellationToken)
    {
        for (var replays = 0; ; replays++)
        {
            try
            {
                return await SendPendingAsync(tokens, before, want, cancellationToken);
            }
            catch (StipException lost) when (replays < MostReplays && lost.IsLost)
            {
                (_id, _cachedTokens) = (null, 0);
                Figures.CountReplay();
                _model.Recheck();
            }
        }
    }

    public override async Task<LogitsSource> ForkAsync(bool waits, CancellationToken cancellationToken)
    {
        // Its rows first: a fault of theirs leaves nothing at the server.
        var fork = new CachedLogits(length, Rows.Fork(_cachedTokens));
        try
        {
            if (_id is { } own && _cachedTokens > 0)
            {
                var (made, figures) = await WantedRoom.SendAsync(_model, waits, onNoRoom =>
                    _model.Client.ForkSessionAsync(own, _cachedTokens, waits, onNoRoom, cancellationToken));
                (fork._id, fork._cachedTokens) = (made.Id, _cachedTokens);
                fork.Figures.Count(figures);
            }
        }
        catch (StipException fault) when (fault.IsLost || (waits && fault.IsUnanswered))
        {
        }
        catch
        {
            fork.Rows.Dispose();
            throw;
        }

        return fork;
    }

    public override async ValueTask DisposeAsync()
    {
        Rows.Dispose();
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

    private async Task<IReadOnlyList<LogitsRow>> SendPendingAsync(
        List<int> tokens, int before, LogitsRequest want, CancellationToken cancellationToken)
    {
        var maxTopK = (await _model.CheckAsync(cancellationToken)).MaxTopK;
        length.Require(tokens.Count);
        want = want with { TopK = want.TopK is { } k && maxTopK > 0 ? Math.Min(k, maxTopK) : null };
        var unwanted = new LogitsRequest(maxTopK > 0 ? 1 : null);
        var wantsAll = want.Rows == LogitsRequest.All;
        var given = new List<LogitsRow>();
        while (_cachedTokens < tokens.Count)
        {
            // A replay asks for the old tokens first, so that "all" rows means the new ones only.
            var end = _cachedTokens < before && wantsAll ? before : tokens.Count;
            var count = Math.Min(end - _cachedTokens, _model.StepSizes.Most(_model.Bundle, wantsAll));
            var isWanted = wantsAll
                ? _cachedTokens >= before
                : _cachedTokens + count == tokens.Count;
            var answer = await TrySendAsync(tokens, count, isWanted ? want : unwanted, cancellationToken);
            if (answer is not null && isWanted)
            {
                given.AddRange(answer);
            }
        }

        return given;
    }

    // Null where so many rows do not go at once; then fewer are sent from there on.
    private async Task<IReadOnlyList<LogitsRow>?> TrySendAsync(
        List<int> tokens, int count, LogitsRequest want, CancellationToken cancellationToken)
    {
        var wantsAll = want.Rows == LogitsRequest.All;
        try
        {
            var given = await SendAsync(tokens, count, want, cancellationToken);
            _model.StepSizes.Went(count, wantsAll);
            return given;
        }
        catch (StipException refused) when (_model.StepSizes.Learns(refused, count, wantsAll))
        {
            return null;
        }
    }

    private async Task<IReadOnlyList<LogitsRow>> SendAsync(
        List<int> tokens, int count, LogitsRequest want, CancellationToken cancellationToken)
    {
        var request = Request(CollectionsMarshal.AsSpan(tokens).Slice(_cachedTokens, count), want);
        var client = _model.Client;
        var exchange = _id is not null
            ? await client.CompleteAsync(request, cancellationToken)
            : await WantedRoom.SendAsync(
                _model, waits: true, onNoRoom => client.CompleteAsync(request, onNoRoom, cancellationToken));
        Figures.Count(exchange.Figures);
        var response = exchange.Response;
        _model.RequireOwn(response.Fingerprint, response.KeyEpoch);
        var expected = _cachedTokens + count;
        var given = LogitsUnsealing.TryUnseal(
            response.Choices, want.Rows == LogitsRequest.All ? count : 1, _model.Bundle.Permutation);
        if (response.Position != expected || response.SessionId is null || given is null)
        {
            throw NotAsked(_model);
        }

        OnExchange?.Invoke(
            request.Position ?? 0,
            request.PromptEmbeds.Data,
            response.Choices[^1].Logits.Indices ?? [],
            exchange.Figures,
            CollectionsMarshal.AsSpan(tokens)[_cachedTokens..expected]);
        (_id, _cachedTokens) = (response.SessionId, expected);
        return given;
    }

    private CompletionRequest Request(ReadOnlySpan<int> ids, LogitsRequest want)
    {
        var bundle = _model.Bundle;
        return new CompletionRequest(
            _model.Id,
            new TensorPayload(
                bundle.WireDtype.WireName(), [ids.Length, bundle.Manifest.HiddenSize],
                Rows.Make(ids, _cachedTokens, mayBeKept: OnExchange is not null)),
            _id,
            _id is null ? null : _cachedTokens,
            want,
            _id is null && length.Wanted is not null ? length.Most : null)
        {
            EncoderInputsEmbeds = _cachedTokens == 0 ? Rows.Source : null,
        };
    }
}
