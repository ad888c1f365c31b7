namespace Stip.Client.Tools;

/// <summary>The words by which dialects are known.</summary>
internal static class ToolMarks
{
    public const string BeginBlock = "<tool_call>";
    public const string EndBlock = "</tool_call>";
    public const string BeginList = "[TOOL_CALLS]";

    private const string ObjectKey = "\"parameters\":";
    private const string PythonTag = "python_tag";

    /// <summary>The dialect that a template teaches its model.</summary>
    public static ToolDialect DialectOf(string template) =>
        template.Contains(BeginBlock, StringComparison.Ordinal) ? ToolDialect.Block
        : template.Contains(BeginList, StringComparison.Ordinal) ? ToolDialect.List
        : template.Contains(ObjectKey, StringComparison.Ordinal)
            || template.Contains(PythonTag, StringComparison.Ordinal) ? ToolDialect.Object
        : ToolDialect.Unknown;

    /// <summary>Words that begin a call within text.</summary>
    public static string[] Begins(ToolDialect dialect) => dialect switch
    {
        ToolDialect.Block => [BeginBlock],
        ToolDialect.List => [BeginList],
        ToolDialect.Object => [],
        _ => [BeginBlock, BeginList],
    };

    /// <summary>Whether an answer that begins with this character may be a call as a whole.</summary>
    public static bool MayBeWhole(ToolDialect dialect, char first) => dialect switch
    {
        ToolDialect.Block => false,
        ToolDialect.List => first == '[',
        _ => first is '{' or '[',
    };
}
