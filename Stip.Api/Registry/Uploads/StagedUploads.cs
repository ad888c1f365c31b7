using Stip.Api.Registry.Packages;

namespace Stip.Api.Registry.Uploads;

/// <summary>Which upload each file of a staged folder is, written beside the folder: where a kill leaves it there, the
/// next start puts the files back.</summary>
internal static class StagedUploads
{
    private const string Suffix = ".uploads.json";

    /// <summary>Says where the files of a folder come from, before the first one is moved.</summary>
    public static void Note(string staged, IEnumerable<UploadRecord> records) => DurableFile.Write(
        staged + Suffix, records.Select(record => new StagedFile(record.Filename, record.Id)).ToArray());

    /// <summary>The folder is registered, or its files are where they were.</summary>
    public static void Forget(string staged) => File.Delete(staged + Suffix);

    /// <summary>Puts back what lies in staged folders; before anybody looks at the uploads.</summary>
    /// <param name="staging">Where the folders lie.</param>
    /// <param name="dataPath">Where the bytes of an upload belong.</param>
    public static void PutBack(string staging, Func<string, string> dataPath)
    {
        foreach (var note in Directory.EnumerateFiles(staging, "*" + Suffix))
        {
            // It costs nobody the start: what cannot be put back stays for the next one.
            TryTouch(() =>
            {
                var isDone = true;
                foreach (var file in DurableFile.TryRead<StagedFile?[]>(note) ?? [])
                {
                    isDone &= TryTouch(() => PutBack(note[..^Suffix.Length], file, dataPath));
                }

                if (isDone)
                {
                    File.Delete(note);
                }
            });
        }

        foreach (var torn in Directory.EnumerateFiles(staging, "*" + Suffix + DurableFile.NewSuffix))
        {
            TryTouch(() => File.Delete(torn));
        }
    }

    /// <summary>True where files of a folder are still to be put back.</summary>
    public static bool IsNoted(string staged) => File.Exists(staged + Suffix);

    private static bool TryTouch(Action touch)
    {
        try
        {
            touch();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void PutBack(string staged, StagedFile? file, Func<string, string> dataPath)
    {
        if (file is null || !PackagePaths.IsAllowed(file.Path) || !PackagePaths.IsAllowed(file.Upload))
        {
            return;
        }

        var (from, to) = (Path.Combine(staged, file.Path), dataPath(file.Upload));
        if (File.Exists(from) && Directory.Exists(Path.GetDirectoryName(to)) && !File.Exists(to))
        {
            File.Move(from, to);
        }
    }

    private sealed record StagedFile(string Path, string Upload);
}
