using ScottPlot;

namespace Stip.Bench.Paper;

/// <summary>A font file of this machine: the drawing library brings none and, on Linux, looks for none.</summary>
internal static class ChartFont
{
    private static readonly string[] Folders = ["/usr/share/fonts", "/usr/local/share/fonts"];

    // Widely installed, and all with the signs that the pictures have.
    private static readonly string[] Files =
        ["DejaVuSans.ttf", "LiberationSans-Regular.ttf", "NotoSans-Regular.ttf", "Ubuntu-R.ttf"];

    private static readonly Lazy<string?> Found = new(Find);

    /// <summary>Its name in the drawing library; null leaves the choice to it, as where the system tells fonts.
    /// </summary>
    public static string? Name => Found.Value;

    private static string? Find()
    {
        var file = Folders.Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.ttf", SearchOption.AllDirectories))
            .FirstOrDefault(path => Files.Contains(Path.GetFileName(path)));
        if (file is null)
        {
            if (OperatingSystem.IsLinux())
            {
                Console.Error.WriteLine(
                    $"no font of {string.Join(", ", Files)} below {Folders[0]}: the pictures have no words");
            }

            return null;
        }

        var name = Path.GetFileNameWithoutExtension(file);
        Fonts.AddFontFile(name, file, bold: false, italic: false);
        return name;
    }
}
