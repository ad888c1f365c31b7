using Stip.Onnx;

namespace Stip.Export.Writing;

/// <summary>A folder that is made beside its place, or inside of it where that is a volume, and moved there when it is
/// whole.</summary>
internal sealed class OutputFolder : IDisposable
{
    private readonly string _path;
    private readonly bool _isInside;
    private bool _isComplete;

    private OutputFolder(string path, string workPath, bool isInside)
    {
        _path = path;
        _isInside = isInside;
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

        var name = $"{Guid.NewGuid():N}.partial";
        var isInside = Directory.Exists(full) && !CanMove(full, $"{full}.{name}");
        var work = isInside ? Path.Combine(full, name) : $"{full}.{name}";
        Directory.CreateDirectory(work);
        return new OutputFolder(full, work, isInside);
    }

    /// <summary>Moves the folder to its place.</summary>
    /// <exception cref="RefusedException">The place was taken meanwhile; what was made is kept.</exception>
    public void Complete()
    {
        _isComplete = true;
        try
        {
            if (_isInside)
            {
                MoveOut();
            }
            else
            {
                if (Directory.Exists(_path))
                {
                    Directory.Delete(_path);
                }

                Directory.Move(WorkPath, _path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RefusedException($"{_path} was taken meanwhile; what was made lies whole in {WorkPath}", e);
        }
    }

    private void MoveOut()
    {
        var made = Directory.GetFileSystemEntries(WorkPath).Order(StringComparer.Ordinal).ToList();
        if (Directory.EnumerateFileSystemEntries(_path).Count() > 1)
        {
            throw new IOException($"{_path} is not empty");
        }

        var moved = new Stack<string>();
        try
        {
            foreach (var entry in made)
            {
                Directory.Move(entry, Placed(entry));
                moved.Push(entry);
            }

            Directory.Delete(WorkPath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            MoveBack(moved);
            throw;
        }
    }

    // Nobody finds half of what was made in its place.
    private void MoveBack(Stack<string> moved)
    {
        try
        {
            while (moved.TryPeek(out var entry))
            {
                Directory.Move(Placed(entry), entry);
                moved.Pop();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RefusedException(
                $"{_path} was taken meanwhile; {moved.Count} entries of what was made lie there, others in {WorkPath}",
                e);
        }
    }

    private string Placed(string entry) => Path.Combine(_path, Path.GetFileName(entry));

    // A mounted volume, or a folder in one that is not the user's, stays where it is: what is made is written inside.
    private static bool CanMove(string folder, string beside)
    {
        try
        {
            Directory.Move(folder, beside);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }

        Directory.Move(beside, folder);
        return true;
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
