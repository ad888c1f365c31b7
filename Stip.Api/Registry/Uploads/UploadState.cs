namespace Stip.Api.Registry.Uploads;

/// <summary>One upload in memory: its record, and who may change it at the moment.</summary>
internal sealed class UploadState(UploadRecord record) : IDisposable
{
    public SemaphoreSlim Turn { get; } = new(1, 1);

    public UploadRecord Record { get; set; } = record;

    public void Dispose() => Turn.Dispose();
}
