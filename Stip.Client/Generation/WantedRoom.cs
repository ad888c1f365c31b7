namespace Stip.Client.Generation;

/// <summary>A request that opens a session. Where the server has no room for it, sessions that are only kept are given
/// up first, the model's own before others, and then room is waited for; what ends meanwhile is not kept.</summary>
/// <param name="model">Whose session it will be.</param>
internal sealed class WantedRoom(StipModel model) : IDisposable
{
    private bool _isWanting;

    /// <summary>Sends it.</summary>
    /// <param name="model">Whose session it will be.</param>
    /// <param name="waits">False where the caller can do without: then one session is given up at most, since nobody
    /// knows whether any of them would help.</param>
    /// <param name="send">The request. It is told whom to tell that there is no room before it is tried again; null
    /// where the refusal itself is wanted at once.</param>
    public static async Task<T> SendAsync<T>(StipModel model, bool waits, Func<Func<ValueTask>?, Task<T>> send)
    {
        var kept = model.Client.Kept;
        for (var mayRelease = true; mayRelease && kept.IsAny; mayRelease = waits)
        {
            try
            {
                return await send(null);
            }
            catch (StipException full) when (full.HasNoRoom)
            {
                await kept.ReleaseOldestAsync(model);
            }
            catch (StipException full) when (waits && full.IsFull)
            {
                break;
            }
        }

        if (!waits)
        {
            return await send(null);
        }

        using var room = new WantedRoom(model);
        return await send(room.HearAsync);
    }

    private KeptSessions Kept => model.Client.Kept;

    public void Dispose()
    {
        if (_isWanting)
        {
            Kept.EndWanting();
        }
    }

    private async ValueTask HearAsync()
    {
        if (!_isWanting)
        {
            _isWanting = true;
            Kept.BeginWanting();
        }

        await Kept.ReleaseOldestAsync(model);
    }
}
