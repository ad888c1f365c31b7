using Stip.Onnx;

namespace Stip.Export.Writing;

/// <summary>A folder that is made beside its place and moved there when it is whole.</summary>
internal sealed class OutputFolder : IDisposable
{
    private readonly string _path;
    private bool _isComplete;

    private OutputFolder(string path, string workPath)
    {
        _path = path;
        WorkPath = workPath;
    }

    /// <summary>Where to write until <see cref="Complete"/>.</summary>
    public string WorkPath { get; }

    /// <summary>Prepares a folder that is absent or empty.</summary>
    /// <exception cref="RefusedException">Something is there already, or the place cannot be taken.</exception>
    public static OutputFolder Create(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (File.Exists(full))
        {
            throw new RefusedException($"output {path} is a file; it must be a folder that is absent or empty");
        }

        if (Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any())
        {
            throw new RefusedException($"output folder {path} is not empty; it must be absent or empty");
        }

        if (new DirectoryInfo(full).LinkTarget is not null)
        {
            throw new RefusedException($"output folder {path} is a link; name the folder itself");
        }

        if (full == Path.TrimEndingDirectorySeparator(Environment.CurrentDirectory))
        {
            throw new RefusedException($"output folder {path} is the current one; name a folder in it, e.g. work");
        }

        var work = $"{full}.{Guid.NewGuid():N}.partial";
        Directory.CreateDirectory(work);
        return new OutputFolder(full, work);
    }

    /// <summary>Moves the folder to its place.</summary>
    public void Complete()
    {
        if (Directory.Exists(_path))
        {
            Directory.Delete(_path);
        }

        Directory.Move(WorkPath, _path);
        _isComplete = true;
    }

    /// <summary>Removes what was written if it was never completed.</summary>
    public void Dispose()
    {
        if (!_isComplete && Directory.Exists(WorkPath))
        {
            Directory.Delete(WorkPath, recursive: true);
        }
    }
}
