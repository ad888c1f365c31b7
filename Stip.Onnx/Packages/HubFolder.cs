namespace Stip.Onnx.Packages;

/// <summary>Folders as model hubs lay them out: graphs in a folder <c>onnx</c>, tokenizer and settings beside it.
/// </summary>
public static class HubFolder
{
    private const string Graphs = "onnx";

    // Any of these beside graphs says that nothing of them lies above.
    private static readonly string[] Telling = [SourceFileNames.Tokenizer, "config.json", "vocab.txt", "vocab.json"];

    /// <summary>The folder above one of graphs, where that is called <c>onnx</c> and only the upper one has a tokenizer
    /// or settings; null otherwise.</summary>
    public static string? Of(string graphs) =>
        Above(graphs) is { } above && !Tells(graphs) && Tells(above) ? above : null;

    /// <summary>The folder above one of graphs that is called <c>onnx</c>, whatever is in either; null of others.
    /// </summary>
    public static string? Above(string graphs)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(graphs));
        return Path.GetFileName(full) == Graphs ? Path.GetDirectoryName(full) : null;
    }

    /// <summary>The graphs of a folder that has none itself, e.g. <c>onnx/model.onnx</c>; none where there are none.
    /// </summary>
    public static IReadOnlyList<string> GraphsBelow(string folder) =>
        Directory.Exists(Path.Combine(folder, Graphs))
            ? [.. Directory.GetFiles(Path.Combine(folder, Graphs), "*.onnx").Select(Path.GetFileName)
                .Order(StringComparer.Ordinal).Select(name => $"{Graphs}/{name}")]
            : [];

    private static bool Tells(string folder) => Telling.Any(name => File.Exists(Path.Combine(folder, name)));
}
