using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Stip.Client.Generation.Choices;

/// <summary>Several answers to one prompt: it is sent and run once, in the session of the first; the others are forks
/// of that one, and all go on at once, so that the server runs their steps together.</summary>
/// <param name="model">What generates.</param>
/// <param name="trunk">Session of the first answer; not owned, and left for another prompt at the end.</param>
/// <param name="choices">Options of each; but for the seed and the observer they are the same.</param>
internal sealed class ChoiceFan(StipModel model, StipSession trunk, IReadOnlyList<GenerationOptions> choices)
{
    private const int MostForksAtOnce = 8;

    // Tokens that nobody has read yet: whoever reads slowly makes the answers wait.
    private const int MostUnread = 64;

    private readonly Channel<ChoiceToken> _tokens = Channel.CreateBounded<ChoiceToken>(
        new BoundedChannelOptions(MostUnread) { SingleReader = true });

    private int _begun;

    /// <summary>True where every answer came to its end.</summary>
    public bool IsWhole { get; private set; }

    public async IAsyncEnumerable<ChoiceToken> RunAsync(
        ReadOnlyMemory<int> promptIds, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var all = RunAllAsync(promptIds, stop.Token);
        try
        {
            var ended = 0;
            await foreach (var token in _tokens.Reader.ReadAllAsync(cancellationToken))
            {
                // Before it is given away: who has the last token need not ask for more.
                IsWhole = token.Token.FinishReason is not null && ++ended == choices.Count;
                yield return token;
            }

            // Those of which somebody had enough have no last token.
            IsWhole = true;
        }
        finally
        {
            await stop.CancelAsync();
            await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunAllAsync(ReadOnlyMemory<int> promptIds, CancellationToken cancellationToken)
    {
        var forks = new StipSession?[choices.Count - 1];
        try
        {
            var stream = new TokenStream(model, trunk, choices[0]);
            await using var first = stream.RunAsync(promptIds, cancellationToken).GetAsyncEnumerator(cancellationToken);
            _begun = 1;
            // The first answer's first token waits for no fork.
            if (await first.MoveNextAsync())
            {
                await _tokens.Writer.WriteAsync(new ChoiceToken(0, first.Current), cancellationToken);
            }

            await ForkAsync(forks, cancellationToken);
            StipSession[] made = [.. forks.OfType<StipSession>()];
            _begun += made.Length;

            // From here on each session has one worker.
            Task[] workers =
            [
                PumpTrunkAsync(first, promptIds, cancellationToken),
                .. made.Select((fork, i) => PumpForkAsync(
                    fork, i + 1, promptIds, stream.First!, cancellationToken)),
            ];
            await Task.WhenAll(workers);
            _tokens.Writer.TryComplete();
        }
        catch (Exception fault)
        {
            // The first fault ends the whole answer.
            _tokens.Writer.TryComplete(fault);
        }
        finally
        {
            await Task.WhenAll(forks.OfType<StipSession>().Select(fork => fork.DisposeAsync().AsTask()));
        }
    }

    // As many as there is room for, side by side: whoever gets none waits until a session is free.
    private async Task ForkAsync(StipSession?[] forks, CancellationToken cancellationToken)
    {
        var isFull = false;
        await Parallel.ForAsync(
            0,
            forks.Length,
            new ParallelOptions { MaxDegreeOfParallelism = MostForksAtOnce, CancellationToken = cancellationToken },
            async (place, ending) =>
            {
                if (Volatile.Read(ref isFull))
                {
                    return;
                }

                try
                {
                    forks[place] = await trunk.ForkAsync(waits: false, ending);
                }
                catch (StipException)
                {
                    // No room, or a fault on the way: what is really wrong is said again by the next step, which is
                    // tried again where that helps.
                    Volatile.Write(ref isFull, true);
                }
            });
    }

    private Task PumpTrunkAsync(
        IAsyncEnumerator<GeneratedToken> tokens,
        ReadOnlyMemory<int> promptIds,
        CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        while (await tokens.MoveNextAsync())
        {
            await _tokens.Writer.WriteAsync(new ChoiceToken(0, tokens.Current), cancellationToken);
        }

        await PumpRestAsync(trunk, promptIds, cancellationToken);
    });

    private Task PumpForkAsync(
        StipSession fork,
        int choice,
        ReadOnlyMemory<int> promptIds,
        Sealing.LogitsRow first,
        CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        await PumpAsync(new TokenStream(model, fork, choices[choice], first), choice, promptIds, cancellationToken);
        await PumpRestAsync(fork, promptIds, cancellationToken);
        // Others may go on for long: the server's cache is not held for them.
        await fork.DisposeAsync();
    });

    // Choices for which there was no session: back to the prompt, which a stream does by itself, and another answer.
    private async Task PumpRestAsync(
        StipSession session, ReadOnlyMemory<int> promptIds, CancellationToken cancellationToken)
    {
        for (var next = Interlocked.Increment(ref _begun) - 1;
            next < choices.Count;
            next = Interlocked.Increment(ref _begun) - 1)
        {
            if (!choices[next].Enough.IsCancellationRequested)
            {
                await PumpAsync(new TokenStream(model, session, choices[next]), next, promptIds, cancellationToken);
            }
        }
    }

    private async Task PumpAsync(
        TokenStream stream, int choice, ReadOnlyMemory<int> promptIds, CancellationToken cancellationToken)
    {
        await foreach (var token in stream.RunAsync(promptIds, cancellationToken))
        {
            await _tokens.Writer.WriteAsync(new ChoiceToken(choice, token), cancellationToken);
        }
    }

    // Others need not be waited for by who reads.
    private async Task GuardAsync(Func<Task> pump)
    {
        try
        {
            await pump();
        }
        catch (Exception fault)
        {
            _tokens.Writer.TryComplete(fault);
            throw;
        }
    }
}
