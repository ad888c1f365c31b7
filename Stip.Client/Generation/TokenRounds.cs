using Stip.Client.Sealing;
using Stip.Client.Speculation;
using Stip.Protocol.Completions;

namespace Stip.Client.Generation;

/// <summary>
/// The rounds of a generation. A round sends the tokens that the server has not seen and, after them, guesses; the row
/// after each guess is used only if the choice before it was that guess, so that guesses change nothing but the number
/// of rounds.
/// </summary>
/// <param name="session">Whose tokens they are.</param>
/// <param name="choice">Chooses them.</param>
/// <param name="speculator">Guesses.</param>
/// <param name="first">The row after the prompt, where the session has it already; else null.</param>
internal sealed class TokenRounds(
    StipSession session, TokenChoice choice, Speculator speculator, LogitsRow? first = null)
{
    private IReadOnlyList<LogitsRow> _rows = first is null ? [] : [first];
    private int[] _guesses = [];
    private int _next;

    /// <param name="mostGuesses">How many tokens after the next one may still be wanted.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<ChosenToken> NextAsync(int mostGuesses, CancellationToken cancellationToken)
    {
        if (_next >= _rows.Count)
        {
            await StepAsync(mostGuesses, cancellationToken);
        }

        var chosen = choice.TryNext(_rows[_next]) ?? choice.TryNext(await FullRowAsync(cancellationToken))!.Value;
        _next = _next < _guesses.Length && _guesses[_next] == chosen.Id ? _next + 1 : Spent();
        return chosen;
    }

    /// <summary>The row after the prompt; null before it has come.</summary>
    public LogitsRow? First { get; private set; } = first;

    /// <summary>Forgets guesses that were wrong, so that the session can go on from here.</summary>
    public void Settle() => session.RewindTo(choice.ContextIds, keepsLast: true);

    private async Task StepAsync(int mostGuesses, CancellationToken cancellationToken)
    {
        session.RewindTo(choice.ContextIds, keepsLast: false);
        var unseen = choice.ContextIds[session.Position..].ToArray();
        // A prompt is no time to guess: its many rows are a round of their own.
        _guesses = _rows.Count == 0
            ? []
            : speculator.Guess(choice.ContextIds, Math.Min(mostGuesses, session.MostGuesses(choice.ContextIds.Length)));
        var rows = _guesses.Length == 0 ? LogitsRequest.Last : LogitsRequest.All;
        var before = session.Usage;
        var answer = await session.StepAsync(
            (int[])[.. unseen, .. _guesses], choice.Needs with { Rows = rows }, cancellationToken);
        speculator.Measure(
            unseen.Length + _guesses.Length,
            session.Usage.RoundTrip - before.RoundTrip,
            session.Usage.Server - before.Server,
            isPrompt: _rows.Count == 0);
        (_rows, _next) = ([.. answer.TakeLast(_guesses.Length + 1)], 0);
        First ??= _rows[0];
    }

    private int Spent()
    {
        speculator.Learn(_guesses.Length, Math.Min(_next, _guesses.Length));
        return _rows.Count;
    }

    /// <summary>Asks again for the row after the tokens so far, all of it.</summary>
    private async Task<LogitsRow> FullRowAsync(CancellationToken cancellationToken)
    {
        session.RewindTo(choice.ContextIds, keepsLast: false);
        var unseen = choice.ContextIds[session.Position..].ToArray();
        return (await session.StepAsync(unseen, new LogitsRequest(null), cancellationToken))[^1];
    }
}
