namespace Stip.TestKit;

/// <summary>Finds the repository from wherever a test runs.</summary>
public static class RepositoryRoot
{
    /// <summary>The folder that holds Stip.sln.</summary>
    public static string Folder { get; } = Find();

    /// <summary>A path below the root.</summary>
    public static string At(params string[] parts) => Path.Combine([Folder, .. parts]);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Stip.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"Stip.sln is not above {AppContext.BaseDirectory}");
    }
}
