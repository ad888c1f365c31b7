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
            try
            {
                foreach (var file in DurableFile.TryRead<StagedFile[]>(note) ?? [])
                {
                    PutBack(note[..^Suffix.Length], file, dataPath);
                }

                File.Delete(note);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It costs nobody the start: what is not there is sent again.
            }
        }
    }

    private static void PutBack(string staged, StagedFile file, Func<string, string> dataPath)
    {
        if (!PackagePaths.IsAllowed(file.Path) || !PackagePaths.IsAllowed(file.Upload))
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
