namespace Stip.TestKit.Scripted;

/// <summary>The checkpoint of a scripted model, written once for a test run.</summary>
/// <param name="model">What is written.</param>
public sealed class ScriptedCheckpoint(ScriptedLlama model)
{
    private readonly Lazy<TemporaryFolder> _written = new(() =>
    {
        var folder = new TemporaryFolder();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
        model.Write(folder.Path);
        return folder;
    });

    /// <summary>Where it is.</summary>
    public string Folder => _written.Value.Path;
}
