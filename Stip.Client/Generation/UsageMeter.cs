namespace Stip.Client.Generation;

/// <summary>Tells the client's own time from the time of requests and of the caller between tokens.</summary>
internal sealed class UsageMeter(StipSession session, TimeProvider time)
{
    private readonly SessionUsage _before = session.Usage;
    private TimeSpan _busy;
    private long _resumed = time.GetTimestamp();

    /// <summary>The caller has the token now.</summary>
    public void Pause() => _busy += time.GetElapsedTime(_resumed);

    /// <summary>The caller wants the next one.</summary>
    public void Resume() => _resumed = time.GetTimestamp();

    /// <summary>What was spent until now, while not paused.</summary>
    public GenerationUsage Read(int promptTokens, int completionTokens)
    {
        var after = session.Usage;
        var roundTrip = after.RoundTrip - _before.RoundTrip;
        var server = after.Server - _before.Server;
        return new GenerationUsage(
            promptTokens,
            completionTokens,
            after.Rounds - _before.Rounds,
            after.Replays - _before.Replays,
            after.BytesSent - _before.BytesSent,
            after.BytesReceived - _before.BytesReceived,
            _busy + time.GetElapsedTime(_resumed) - roundTrip,
            roundTrip - server,
            server);
    }
}
