using Stip.Client.Generation;

namespace Stip.Bench.Scenarios;

/// <summary>Sessions that are released together.</summary>
internal sealed class SessionGroup : IAsyncDisposable
{
    private readonly List<StipSession> _sessions = [];

    public void Add(StipSession session) => _sessions.Add(session);

    public async ValueTask DisposeAsync()
    {
        foreach (var session in _sessions)
        {
            await session.DisposeAsync();
        }
    }
}
