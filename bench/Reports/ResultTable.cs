namespace Stip.Bench.Reports;

/// <summary>Rows of text under a heading.</summary>
internal sealed class ResultTable(string heading, params string[] columns)
{
    private readonly List<string[]> _rows = [];

    public string Heading { get; } = heading;

    public IReadOnlyList<string> Columns { get; } = columns;

    public IReadOnlyList<string[]> Rows => _rows;

    /// <summary>What stands above the table.</summary>
    public string Note { get; init; } = "";

    /// <summary>Adds a row; numbers are written in the invariant culture.</summary>
    public void Add(params object[] cells) =>
        _rows.Add([.. cells.Select(cell => FormattableString.Invariant($"{cell}"))]);
}
