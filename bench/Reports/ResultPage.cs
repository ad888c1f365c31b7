using Spectre.Console;

namespace Stip.Bench.Reports;

/// <summary>Results as tables on the terminal and as a page of Markdown, with the machine and the command.</summary>
internal sealed class ResultPage(string title)
{
    // Columns of a page that is not read on a terminal: its rows stay in one line each.
    private const int RedirectedWidth = 180;

    // Folders of this machine say nothing to a reader.
    private static readonly string[] Local = ["--work", "--output", "--natives"];
    private readonly List<object> _parts = [];

    public ResultTable Add(ResultTable table)
    {
        _parts.Add(table);
        return table;
    }

    /// <summary>A picture beside the page.</summary>
    public void AddPicture(string heading, string file) => _parts.Add(new Picture(heading, file));

    public void Print()
    {
        if (!AnsiConsole.Profile.Out.IsTerminal)
        {
            AnsiConsole.Profile.Width = RedirectedWidth;
        }

        AnsiConsole.WriteLine(Machine.Describe());
        foreach (var part in _parts.OfType<ResultTable>())
        {
            AnsiConsole.WriteLine(part.Heading);
            var table = new Table().AddColumns([.. part.Columns]);
            foreach (var row in part.Rows)
            {
                table.AddRow([.. row.Select(Markup.Escape)]);
            }

            AnsiConsole.Write(table);
        }
    }

    public void Save(string? file)
    {
        if (file is null)
        {
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        File.WriteAllLines(file,
        [
            $"# {title}",
            "",
            $"Machine: {Machine.Describe()}.",
            "",
            $"`dotnet run -c Release --project bench -- {string.Join(' ', Arguments())}`",
            .. _parts.SelectMany(part => part is ResultTable table ? Lines(table) : Lines((Picture)part)),
        ]);
    }

    private static IEnumerable<string> Arguments()
    {
        var given = Environment.GetCommandLineArgs()[1..];
        return given.Where((argument, i) =>
            !Local.Contains(argument) && (i == 0 || !Local.Contains(given[i - 1])));
    }

    private static IEnumerable<string> Lines(Picture picture) =>
        ["", $"## {picture.Heading}", "", $"![{picture.Heading}]({picture.File})"];

    private static IEnumerable<string> Lines(ResultTable table) =>
    [
        "",
        .. table.Heading.Length == 0 ? Array.Empty<string>() : [$"## {table.Heading}", ""],
        .. table.Note.Length == 0 ? Array.Empty<string>() : [table.Note, ""],
        Row(table.Columns),
        Row(table.Columns.Select(_ => "---")),
        .. table.Rows.Select(Row),
    ];

    private static string Row(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";

    private sealed record Picture(string Heading, string File);
}
