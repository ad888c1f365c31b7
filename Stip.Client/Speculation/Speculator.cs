using Stip.Client.Generation;

namespace Stip.Client.Speculation;

/// <summary>
/// Decides what to guess and how much of it. Guesses only save rounds: the choice of every token is made from the
/// server's row with the draw of its own position, whatever was guessed.
/// </summary>
internal sealed class Speculator : IDisposable
{
    private const int MostCopied = 16;

    // A copy begins with few tokens and doubles while all are right: a match by chance costs little.
    private const int FirstCopied = 4;
    private const int FewestCopied = 2;

    private const int MostDrafted = 12;

    // The draft is asked now and then although it does not pay, in case that it would by now.
    private const int RoundsBetweenTrials = 16;

    private readonly SpeculationFigures _figures;
    private readonly DraftSession? _draft;
    private readonly bool _isOn;
    private HitRate? _source;
    private (int Place, int Id, HitRate Source)? _trial;
    private int _roundsWithoutDraft;
    private int _mostCopied = FirstCopied;

    private Speculator(SpeculationFigures figures, DraftSession? draft, bool isOn) =>
        (_figures, _draft, _isOn) = (figures, draft, isOn);

    public static Speculator For(StipModel model, GenerationOptions options, int maxLength, ulong? seed)
    {
        // What a decoder beside an encoder says is seldom a copy of what it has said: guesses do not pay.
        var guesses = options.Speculates && !model.IsSequence;
        var draft = guesses
            ? model.Draft?.OpenSession(options.Sampling with { Seed = seed ?? options.Sampling.Seed }, maxLength)
            : null;
        return new Speculator(model.Speculation, draft, guesses);
    }

    /// <summary>Guesses for the tokens after the context; none where they would not pay.</summary>
    public int[] Guess(ReadOnlySpan<int> context, int most)
    {
        JudgeTrial(context);
        _source = null;
        if (!_isOn || most < 1)
        {
            return [];
        }

        var line = _figures.Rounds.Line();
        var (start, matched) = CopiedGuesses.Find(context);
        var copy = matched == 0 ? default : GuessPlan.Best(
            line, _figures.Copy(matched).Value, 0, Math.Min(most, _mostCopied));
        var draft = _draft is null ? default : GuessPlan.Best(
            line,
            _figures.Draft.Value,
            _figures.DraftTime.Value,
            Math.Min(Math.Min(most, MostDrafted), _draft.Room(context.Length)));
        if (draft.Count > 0 && draft.Speed >= copy.Speed)
        {
            (_source, _roundsWithoutDraft) = (_figures.Draft, 0);
            return _draft!.Guess(context, draft.Count, _figures.DraftTime);
        }

        if (copy.Count > 0)
        {
            _source = _figures.Copy(matched);
            return CopiedGuesses.Copy(context, start, copy.Count);
        }

        Try(context, start, matched);
        return [];
    }

    /// <summary>What the round took.</summary>
    /// <param name="rows">Rows that were sent.</param>
    /// <param name="roundTrip">From the request to the answer.</param>
    /// <param name="server">What of it the server says it took; zero where it does not say.</param>
    /// <param name="isPrompt">A first round is not like the others.</param>
    public void Measure(int rows, TimeSpan roundTrip, TimeSpan server, bool isPrompt)
    {
        if (!isPrompt)
        {
            _figures.Rounds.Add(rows, roundTrip, server);
        }
    }

    /// <summary>How many of the last guesses were right.</summary>
    public void Learn(int guessed, int right)
    {
        for (var i = 0; _source is not null && i < Math.Min(guessed, right + 1); i++)
        {
            _source.Add(i < right);
        }

        if (_source is not null && _source != _figures.Draft)
        {
            _mostCopied = right < guessed
                ? Math.Max(FewestCopied, right + 1)
                : Math.Min(MostCopied, Math.Max(_mostCopied, 2 * guessed));
        }
    }

    public void Dispose() => _draft?.Dispose();

    /// <summary>Guesses one token that is not sent, only to learn whether it would have been right.</summary>
    private void Try(ReadOnlySpan<int> context, int start, int matched)
    {
        if (_draft?.Room(context.Length) > 0 && ++_roundsWithoutDraft >= RoundsBetweenTrials)
        {
            _roundsWithoutDraft = 0;
            _trial = (context.Length, _draft.Guess(context, 1, _figures.DraftTime)[0], _figures.Draft);
        }
        else if (matched > 0)
        {
            _trial = (context.Length, context[start], _figures.Copy(matched));
        }
    }

    private void JudgeTrial(ReadOnlySpan<int> context)
    {
        if (_trial is { } trial && trial.Place < context.Length)
        {
            trial.Source.Add(context[trial.Place] == trial.Id);
            _trial = null;
        }
    }
}
