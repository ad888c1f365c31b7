using System.Threading.Channels;
using Stip.Protocol.Errors;

namespace Stip.Api.Engine;

/// <summary>The one loop of a loaded model: it alone touches the sessions, their caches and the decoder.</summary>
internal sealed class ModelLoop : IAsyncDisposable
{
    private readonly Channel<EngineWork> _queue;
    private readonly Task _running;
    private readonly IDecoder _decoder;
    private readonly SessionTable _sessions;
    private readonly StepRunner _runner;
    private readonly int _queueLength;
    private volatile bool _isClosed;

    public ModelLoop(IDecoder decoder, SessionTable sessions, int queueLength)
    {
        _decoder = decoder;
        _sessions = sessions;
        _queueLength = queueLength;
        _runner = new StepRunner(decoder, sessions);
        // An idle loop goes on in the thread that brings the work, which saves a single user two thread hops a token.
        _queue = Channel.CreateBounded<EngineWork>(new BoundedChannelOptions(queueLength)
        {
            SingleReader = true,
            AllowSynchronousContinuations = true,
        });
        _running = RunAsync();
    }

    public Task<Outcome<StepAnswer>> StepAsync(string owner, ValidStep step, CancellationToken cancellation) =>
        AskAsync(_ => _runner.Run(owner, step), cancellation);

    /// <summary>Does something with the sessions, on the loop.</summary>
    public Task<Outcome<T>> AskAsync<T>(Func<SessionTable, Outcome<T>> ask, CancellationToken cancellation)
    {
        var question = new EngineQuestion<T>(() => ask(_sessions), cancellation);
        if (_queue.Writer.TryWrite(question))
        {
            return question.Answer;
        }

        Outcome<T> refusal = _isClosed
            ? DecoderHost.Gone
            : new Refusal(
                StipErrorCode.ServerOverloaded, $"{_queueLength} steps are waiting already",
                RetryAfter: TimeSpan.FromSeconds(1));
        return Task.FromResult(refusal);
    }

    /// <summary>Lets what waits finish, then releases every session and the decoder.</summary>
    public async ValueTask DisposeAsync()
    {
        _isClosed = true;
        _queue.Writer.TryComplete();
        await _running;
    }

    private async Task RunAsync()
    {
        var reader = _queue.Reader;
        while (await reader.WaitToReadAsync())
        {
            while (reader.TryRead(out var work))
            {
                work.Run();
                if (reader.TryPeek(out _))
                {
                    // The thread may be that of a request whose own answer is ready by now.
                    await Task.Yield();
                }
            }
        }

        _sessions.Dispose();
        _decoder.Dispose();
    }
}
