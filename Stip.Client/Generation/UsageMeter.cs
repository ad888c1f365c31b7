namespace Stip.Client.Generation;

/// <summary>Tells the client's own time from the time of requests and of the caller between tokens.</summary>
/// <param name="session">Whose requests they are.</param>
/// <param name="time">The clock.</param>
/// <param name="earlier">What was spent for the same answer before.</param>
internal sealed class UsageMeter(StipSession session, TimeProvider time, SessionUsage earlier = default)
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
        var own = after.RoundTrip - _before.RoundTrip;
        var server = earlier.Server + after.Server - _before.Server;
        return new GenerationUsage(
            promptTokens,
            completionTokens,
            earlier.Rounds + after.Rounds - _before.Rounds,
            earlier.Replays + after.Replays - _before.Replays,
            earlier.BytesSent + after.BytesSent - _before.BytesSent,
            earlier.BytesReceived + after.BytesReceived - _before.BytesReceived,
            _busy + time.GetElapsedTime(_resumed) - own,
            earlier.RoundTrip + own - server,
            server);
    }
}
