using Stip.Client.Generation;

namespace Stip.Bench.Scenarios;

/// <summary>Sessions that are released together.</summary>
internal sealed class SessionGroup : IAsyncDisposable
{
    private readonly List<StipSession> _sessions = [];

    public IReadOnlyList<StipSession> Sessions => _sessions;

    public void Add(StipSession session) => _sessions.Add(session);

    public async ValueTask DisposeAsync() =>
        await Task.WhenAll(_sessions.Select(session => session.DisposeAsync().AsTask()));
}
