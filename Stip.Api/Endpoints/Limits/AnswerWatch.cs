namespace Stip.Api.Endpoints.Limits;

/// <summary>Breaks a connection off when its answer has taken too long.</summary>
internal sealed class AnswerWatch(HttpContext context, TimeSpan longest, TimeProvider clock) : IAsyncDisposable
{
    private ITimer? _timer;

    /// <summary>The answer begins.</summary>
    public Task BeginAsync()
    {
        _timer = clock.CreateTimer(
            static context => ((HttpContext)context!).Abort(), context, longest, Timeout.InfiniteTimeSpan);
        return Task.CompletedTask;
    }

    /// <summary>The answer has been written. Waits for a break-off under way: the context is used again.</summary>
    public ValueTask DisposeAsync() => _timer?.DisposeAsync() ?? default;
}
