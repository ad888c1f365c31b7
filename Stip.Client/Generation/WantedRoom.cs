namespace Stip.Client.Generation;

/// <summary>A request that opens a session. Where the server has no room for it, sessions that are only kept are given
/// up first, and then room is waited for; what ends meanwhile is not kept.</summary>
/// <param name="kept">What may be given up.</param>
internal sealed class WantedRoom(KeptSessions kept) : IDisposable
{
    private bool _isWanting;

    /// <summary>Sends it.</summary>
    /// <param name="kept">What may be given up.</param>
    /// <param name="waits">False where the caller can do without.</param>
    /// <param name="send">The request. It is told whom to tell that there is no room before it is tried again; null
    /// where the refusal itself is wanted at once.</param>
    public static async Task<T> SendAsync<T>(KeptSessions kept, bool waits, Func<Func<ValueTask>?, Task<T>> send)
    {
        while (kept.IsAny)
        {
            try
            {
                return await send(null);
            }
            catch (StipException full) when (full.HasNoRoom)
            {
                await kept.ReleaseOldestAsync();
            }
            catch (StipException full) when (waits && full.IsFull)
            {
                break;
            }
        }

        using var room = new WantedRoom(kept);
        return await send(room.HearAsync);
    }

    public void Dispose()
    {
        if (_isWanting)
        {
            kept.EndWanting();
        }
    }

    private async ValueTask HearAsync()
    {
        if (!_isWanting)
        {
            _isWanting = true;
            kept.BeginWanting();
        }

        await kept.ReleaseOldestAsync();
    }
}
