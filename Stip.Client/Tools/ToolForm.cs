namespace Stip.Client.Tools;

/// <summary>How a model was taught to write calls.</summary>
/// <param name="Dialect">What a call that is asked for looks like.</param>
/// <param name="Marks">The words around calls.</param>
internal sealed record ToolForm(ToolDialect Dialect, IReadOnlyList<ToolMark> Marks)
{
    /// <summary>What prompts end with that is a part of the marks; empty for nothing.</summary>
    public string Opening => Marks.Any(mark => mark.Begin == ToolMarks.Recipient) ? ToolMarks.Recipient : "";

    /// <summary>What a template teaches.</summary>
    public static ToolForm Of(string template)
    {
        var dialect = ToolMarks.DialectOf(template);
        var marks = ToolMarks.All.Where(mark => template.Contains(mark.Sign, StringComparison.Ordinal)).ToArray();
        return marks.Length > 0 ? new ToolForm(dialect, marks) : Of(dialect);
    }

    /// <summary>The dialect where nothing else is known of a model.</summary>
    public static ToolForm Of(ToolDialect dialect) => new(dialect, ToolMarks.Begins(dialect));
}
