using System.Runtime.InteropServices;
using Stip.Client.Bundles;
using Stip.Client.Sealing;
using Stip.Keys.Bundles;
using Stip.Protocol.Completions;
using Stip.Protocol.Forward;

namespace Stip.Client.Generation;

/// <summary>Logits of a model without a cache: each time all tokens are sent and run anew, so that a text costs the
/// square of its length. The server holds no session.</summary>
internal sealed class WholeLogits(SessionLength length, SessionRows rows) : LogitsSource(rows)
{
    private readonly StipModel _model = length.Model;

    // A guess is one row more of a pass that is run anyway, where all rows of logits come.
    public override int MostGuesses(int tokens) => GivesAll ? length.Most - tokens : 0;

    public override void Rewind(int position)
    {
    }

    public override async Task<IReadOnlyList<LogitsRow>> AfterAsync(
        List<int> tokens, int before, LogitsRequest want, CancellationToken cancellationToken)
    {
        var info = await _model.CheckAsync(cancellationToken);
        length.Require(tokens.Count);
        var pass = new WholePass(_model.Bundle, info.Graphs[BundleKinds.TextRole(_model.Bundle.Manifest)]);
        var first = want.Rows == LogitsRequest.All ? before : tokens.Count - 1;
        if (GivesAll)
        {
            return await SendAllAsync(pass, tokens, first, cancellationToken);
        }

        var given = new List<LogitsRow>();
        for (var end = first + 1; end <= tokens.Count; end++)
        {
            given.AddRange(await SendAsync(pass, tokens, end, end - 1, cancellationToken));
        }

        return given;
    }

    public override Task<LogitsSource> ForkAsync(bool waits, CancellationToken cancellationToken) =>
        Task.FromResult<LogitsSource>(new WholeLogits(length, Rows.Fork(0)));

    public override ValueTask DisposeAsync()
    {
        Rows.Dispose();
        return ValueTask.CompletedTask;
    }

    private bool GivesAll => _model.Bundle.Manifest.WholeSequence!.Rows == WholeSequenceManifest.AllRows;

    // As many rows at once as an answer may have: no token sees those behind it, which need not go. Of a graph of
    // several texts all rows come in any case.
    private async Task<IReadOnlyList<LogitsRow>> SendAllAsync(
        WholePass pass, List<int> tokens, int first, CancellationToken cancellationToken)
    {
        var given = new List<LogitsRow>();
        while (first + given.Count < tokens.Count)
        {
            var start = first + given.Count;
            var count = tokens.Count - start;
            if (pass.IsOfOneText)
            {
                count = Math.Min(count, _model.StepSizes.Most(_model.Bundle, wantsAll: true));
            }

            given.AddRange(await SendAsync(pass, tokens, start + count, start, cancellationToken));
        }

        return given;
    }

    // The rows from the first one on, of a pass over so many tokens.
    private async Task<IReadOnlyList<LogitsRow>> SendAsync(
        WholePass pass, List<int> tokens, int end, int first, CancellationToken cancellationToken)
    {
        var made = Rows.Make(pass.FilledUp(CollectionsMarshal.AsSpan(tokens)[..end]), 0, mayBeKept: true);
        var isChosen = GivesAll && pass.IsOfOneText;
        var request = new ForwardRequest(_model.Id, pass.Inputs(made, end), pass.Role)
        {
            FirstRow = isChosen ? first : null,
            RowCount = isChosen ? end - first : null,
        };
        var exchange = await _model.Client.ForwardAsync(request, cancellationToken);
        Figures.Count(exchange.Figures);
        _model.RequireOwn(exchange.Response.Fingerprint, exchange.Response.KeyEpoch);
        var given = pass.Logits(exchange.Response, end, first) ?? throw NotAsked(_model);
        OnExchange?.Invoke(
            0, made.AsMemory(0, end * _model.Bundle.RowBytes), [], exchange.Figures,
            CollectionsMarshal.AsSpan(tokens)[..end]);
        return given;
    }
}
