using System.Net.WebSockets;
using Stip.Api.Endpoints.Completions;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Endpoints.Limits;
using Stip.Api.Engine;
using Stip.Api.Registry.ApiKeys;

namespace Stip.Api.Endpoints.Streaming;

/// <summary>Serves the steps of one connection, one after another.</summary>
internal sealed class StreamService(
    WebSocket socket,
    StepDesk desk,
    KeyDirectory keys,
    ApiKeyGrant grant,
    StreamWriter writer,
    KeyLimits limits,
    TimeProvider clock) : IDisposable
{
    /// <summary>A message that has begun must be here after this time, and an answer must have been taken.</summary>
    private static readonly TimeSpan MessagePatience = TimeSpan.FromMinutes(1);

    private readonly StreamedSteps _steps = new(socket, desk, grant.Key);

    /// <returns>True where the client closed; false where the connection was ended from outside.</returns>
    /// <exception cref="InvalidDataException">A message is no step; the connection cannot go on.</exception>
    public async Task<bool> ServeAsync(StreamGate gate, CancellationToken cancellation)
    {
        // One for all steps: wound up where a message begins or an answer goes, and stopped in between.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        while (true)
        {
            var hasMore = await WaitAsync(gate, cancellation);
            if (!gate.TryServe())
            {
                await gate.Said;
                return false;
            }

            if (!hasMore)
            {
                return true;
            }

            await ServeOneAsync(gate, patience, cancellation);
            patience.CancelAfter(Timeout.InfiniteTimeSpan);
            if (!gate.TryWait())
            {
                await gate.Said;
                return false;
            }
        }
    }

    public void Dispose() => _steps.Dispose();

    private async ValueTask<bool> WaitAsync(StreamGate gate, CancellationToken cancellation)
    {
        try
        {
            return await _steps.BeginAsync(cancellation);
        }
        catch (Exception e) when (gate.HasEnded && (e is WebSocketException or OperationCanceledException))
        {
            // After a farewell the other end may go as it likes.
            return false;
        }
    }

    private async ValueTask ServeOneAsync(
        StreamGate gate, CancellationTokenSource patience, CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        patience.CancelAfter(MessagePatience);
        var read = await _steps.ReadAsync(patience.Token);
        if (!keys.IsGood(grant))
        {
            gate.Ask(StreamEnd.KeyGone);
            read.Is(out var unused, out _);
            unused?.Dispose();
            return;
        }

        if (!read.Is(out var prepared, out var refusal))
        {
            await writer.RefuseAsync(refusal, patience.Token);
            return;
        }

        using (prepared)
        {
            if (limits.TakeRequest(grant.Key) is { } tooMany)
            {
                await writer.RefuseAsync(tooMany, patience.Token, prepared.Step.Declaration.Decoder.Model);
                return;
            }

            patience.CancelAfter(Timeout.InfiniteTimeSpan);
            var outcome = await StepAsync(prepared, cancellation);
            patience.CancelAfter(MessagePatience);
            if (!outcome.Is(out var answer, out refusal))
            {
                await writer.RefuseAsync(refusal, patience.Token, prepared.Step.Declaration.Decoder.Model);
                return;
            }

            using (answer)
            {
                await AnswerAsync(prepared, answer, started, patience.Token);
            }
        }
    }

    private async ValueTask AnswerAsync(
        PreparedStep prepared, StepAnswer answer, long started, CancellationToken cancellation)
    {
        var declaration = prepared.Step.Declaration;
        try
        {
            await writer.AnswerAsync(declaration, answer, started, cancellation);
        }
        catch when (declaration.SessionId is null && answer.SessionId is not null)
        {
            // Nobody was told the name of what was opened here.
            await prepared.Decoder.ReleaseAsync(grant.Key.Id, answer.SessionId, CancellationToken.None);
            throw;
        }
    }

    // A model that cannot be run, or not any more, is a refusal here as it is over HTTP.
    private async ValueTask<Outcome<StepAnswer>> StepAsync(PreparedStep prepared, CancellationToken cancellation)
    {
        try
        {
            var step = prepared.Decoder.StepAsync(grant.Key.Id, prepared.Step, cancellation);
            if (!step.IsCompleted)
            {
                _steps.ReadAhead(cancellation);
            }

            return await step;
        }
        catch (Exception e) when (e is not (InvalidDataException or OperationCanceledException)
            && ExpectedFaults.Of(e) is not null)
        {
            return ExpectedFaults.Of(e)!.Value.Refusal;
        }
    }
}
