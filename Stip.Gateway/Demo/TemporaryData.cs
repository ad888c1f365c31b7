namespace Stip.Gateway.Demo;

/// <summary>A folder that is gone when the demo is, however it ends.</summary>
internal sealed class TemporaryData : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("stip-demo-").FullName;

    public TemporaryData() => AppDomain.CurrentDomain.ProcessExit += OnProcessExit;

    public string At(params string[] parts) => Path.Combine([_path, .. parts]);

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        Delete();
    }

    private void OnProcessExit(object? sender, EventArgs e) => Delete();

    private void Delete()
    {
        try
        {
            Directory.Delete(_path, recursive: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // The system clears its temporary folder.
        }
    }
}
