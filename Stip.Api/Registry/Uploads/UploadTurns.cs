namespace Stip.Api.Registry.Uploads;

/// <summary>The turns of several uploads at once: nobody else writes, cancels or registers them meanwhile.</summary>
internal sealed class UploadTurns : IDisposable
{
    private readonly List<UploadState> _taken = [];

    private UploadTurns()
    {
    }

    /// <summary>Waits for all of them, in one order for everybody: two who want the same never wait for each other.
    /// </summary>
    public static async Task<UploadTurns> TakeAsync(IEnumerable<UploadState> uploads, CancellationToken cancellation)
    {
        var turns = new UploadTurns();
        try
        {
            foreach (var upload in uploads.OrderBy(upload => upload.Record.Id, StringComparer.Ordinal))
            {
                await upload.Turn.WaitAsync(cancellation);
                turns._taken.Add(upload);
            }

            return turns;
        }
        catch
        {
            turns.Dispose();
            throw;
        }
    }

    public void Dispose() => _taken.ForEach(upload => upload.Turn.Release());
}
