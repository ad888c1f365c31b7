namespace Stip.Api.Endpoints.Limits;

/// <summary>Breaks a connection off when its answer has taken too long.</summary>
internal sealed class AnswerWatch(HttpContext context, TimeSpan longest, TimeProvider clock) : IDisposable
{
    private ITimer? _timer;

    /// <summary>The answer begins.</summary>
    public Task BeginAsync()
    {
        _timer = clock.CreateTimer(
            static context => ((HttpContext)context!).Abort(), context, longest, Timeout.InfiniteTimeSpan);
        return Task.CompletedTask;
    }

    /// <summary>The answer has been written.</summary>
    public void Dispose() => _timer?.Dispose();
}
