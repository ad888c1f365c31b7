using System.Runtime.CompilerServices;
using Stip.Client.Generation.Choices;

namespace Stip.Client.Generation;

/// <summary>
/// Keeps the sessions of finished answers, so that the next turn of a conversation sends only what is new. A generation
/// takes the session that has most in common with its prompt, if that is most of what it was asked; others stay for
/// theirs.
/// </summary>
/// <remarks>Safe for concurrent use. Disposing it releases the sessions that are kept. Those of all pools of one
/// <see cref="Transport.StipHttpClient"/> make room for any session that it opens, also of other models, about
/// images, and those of further answers: those of the same model first, then the oldest.</remarks>
/// <param name="model">Whose sessions they are; not owned.</param>
/// <param name="mostKept">Most sessions kept; the one that was not used for longest goes first. Default 4: each holds
/// memory of the server.</param>
public sealed class SessionPool(StipModel model, int mostKept = 4) : IAsyncDisposable
{
    private const int LeastLength = 1024;
    private const int MostRoom = 4096;

    // What templates end a prompt with to open its answer, and write otherwise before the answer of an earlier turn.
    private const int MostOpening = 8;

    /// <summary>Generates after a prompt, as <see cref="StipModel.GenerateAsync"/>; the session is kept when the answer
    /// is whole, and released when it fails or is left.</summary>
    /// <exception cref="StipException">As <see cref="StipModel.GenerateAsync"/>.</exception>
    public async IAsyncEnumerable<GeneratedToken> GenerateAsync(
        ReadOnlyMemory<int> promptIds,
        GenerationOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        options ??= new GenerationOptions();
        if (KeepsNothing)
        {
            await foreach (var token in model.GenerateAsync(promptIds, options, cancellationToken))
            {
                yield return token;
            }

            yield break;
        }

        var session = Take(promptIds, options.MaxNewTokens);
        var isWhole = false;
        try
        {
            await foreach (var token in session.GenerateAsync(promptIds, options, cancellationToken))
            {
                isWhole = token.FinishReason is not null;
                yield return token;
            }
        }
        finally
        {
            if ((isWhole ? Keep(session) : session) is { } gone)
            {
                await gone.DisposeAsync();
            }
        }
    }

    /// <summary>Generates several answers to a prompt, as <see cref="StipModel.GenerateChoicesAsync(
    /// ReadOnlyMemory{int}, IReadOnlyList{GenerationOptions}, CancellationToken)"/>; one session is kept when the
    /// answers are whole.</summary>
    /// <exception cref="StipException">As <see cref="StipModel.GenerateAsync"/>.</exception>
    public async IAsyncEnumerable<ChoiceToken> GenerateChoicesAsync(
        ReadOnlyMemory<int> promptIds,
        IReadOnlyList<GenerationOptions> choices,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (KeepsNothing)
        {
            await foreach (var token in model.GenerateChoicesAsync(promptIds, choices, cancellationToken))
            {
                yield return token;
            }

            yield break;
        }

        ChoiceOptions.Validate(choices);
        var session = Take(promptIds, choices[0].MaxNewTokens);
        var fan = new ChoiceFan(model, session, choices);
        try
        {
            await foreach (var token in fan.RunAsync(promptIds, cancellationToken))
            {
                yield return token;
            }
        }
        finally
        {
            if ((fan.IsWhole ? Keep(session) : session) is { } gone)
            {
                await gone.DisposeAsync();
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Kept.ReleaseAsync(this);

    internal bool IsOf(StipModel other) => model == other;

    private KeptSessions Kept => model.Client.Kept;

    // A source is read as a whole: no session has a beginning in common with another prompt. Of a model without a
    // cache no session holds anything.
    private bool KeepsNothing => model.IsSequence || model.ReadsWholeSequences;

    private StipSession Take(ReadOnlyMemory<int> promptIds, int? maxNewTokens)
    {
        var wanted = maxNewTokens is { } most
            ? (int)Math.Min((long)promptIds.Length + most, model.LongestSession)
            : model.LongestSession;
        return Kept.Take(this, sessions => sessions
                .Where(session => session.MaxLength >= wanted)
                .Select(session => (Session: session, Common: session.CommonTokens(promptIds.Span)))
                .Where(found => found.Common > 0 && GoesOn(found.Session, found.Common))
                .OrderByDescending(found => found.Common)
                .FirstOrDefault().Session)
            ?? model.OpenSession(Math.Min(model.LongestSession, WithRoom(wanted)));
    }

    // Templates leave the thoughts of earlier answers out: what a next turn goes on from is the whole prompt, however
    // long the answer to it was. Another conversation may share less, its system prompt.
    private static bool GoesOn(StipSession session, int common) => common * 2 >= session.Position
        || (common * 2 >= session.PromptTokens && common + MostOpening >= session.PromptTokens
            && session.PromptTokens > 0);

    /// <summary>So many tokens and room for further turns: as many again, but not so many that of a long session the
    /// server would have to have several times the memory.</summary>
    internal static int WithRoom(int wanted) =>
        (int)Math.Min(int.MaxValue, Math.Max(LeastLength, (long)wanted + Math.Min(wanted, MostRoom)));

    /// <returns>The session that is one too many.</returns>
    private StipSession? Keep(StipSession session) => Kept.Keep(this, session, mostKept);
}
