using System.Globalization;
using Spectre.Console;
using Stip.Export.Terminal;
using Stip.Onnx.Symmetry.Reports;

namespace Stip.Export.Commands;

/// <summary>What <c>inspect</c> prints: the classes, what stays and why, and the sums. What only repeats from layer to
/// layer is one row; <c>--json</c> names each.</summary>
internal static class InspectText
{
    private const int PatternsShown = 12;

    /// <param name="report">What was found.</param>
    /// <param name="console">Where it is written.</param>
    public static void Print(SymmetryReport report, IAnsiConsole console)
    {
        var rows = Rows(report.Classes);
        console.Write(Classes(rows));
        console.Write(Inside(rows));
        if (report.Pinned.Count > 0)
        {
            console.Write(Pinned(report.Pinned));
        }

        foreach (var operation in report.Unruled)
        {
            console.WriteLine(OneLine.Of($"pinned: {operation}"));
        }

        if (report.Clear.Count > 0)
        {
            console.WriteLine(OneLine.Of($"in the clear: {string.Join(", ", report.Clear)}"));
        }

        foreach (var caches in report.BoundedCaches.GroupBy(cache => cache.Value))
        {
            console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"bounded by {caches.Key} tokens: ")
                + string.Join(", ", NamePatterns.Fold(caches.Select(cache => OneLine.Of(cache.Key)))));
        }

        var moved = report.MovedShare.ToString("P1", CultureInfo.InvariantCulture);
        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Classes.Count} classes, about 2^{report.KeyBits:F0} keys; {moved} of the weight bytes move"));
    }

    // Classes that look alike are one row.
    private static (SymmetryClass Class, int Number)[][] Rows(IReadOnlyList<SymmetryClass> classes) =>
    [
        .. classes.Select((group, number) => (Class: group, Number: number)).GroupBy(entry => (
            entry.Class.Size,
            string.Join(',', entry.Class.Blocks),
            entry.Class.Maps,
            string.Join('\n', entry.Class.Members.Select(member => NamePatterns.Of(Name(member))))))
        .Select(rows => rows.ToArray()),
    ];

    private static Table Classes((SymmetryClass Class, int Number)[][] all)
    {
        var table = new Table().Title("Axes that move as one")
            .AddColumn(new TableColumn("row").RightAligned())
            .AddColumn(new TableColumn("classes").RightAligned())
            .AddColumn(new TableColumn("size").RightAligned())
            .AddColumn(new TableColumn("bits at most").RightAligned()).AddColumn("where");
        foreach (var (rows, row) in all.Select((rows, row) => (rows, row + 1)))
        {
            // Several classes that look alike show what is in each; a class alone folds its own repetitions.
            var first = rows[0].Class;
            var members = first.Members.Select(Name);
            var names = rows.Length > 1 ? members.Select(NamePatterns.Of) : NamePatterns.Fold(members);
            table.AddRow(
                N(row), N(rows.Length), N(first.Size), first.MostKeyBits.ToString("F0", CultureInfo.InvariantCulture),
                Markup.Escape(Shortened([.. names])));
        }

        return table;
    }

    private static Table Inside((SymmetryClass Class, int Number)[][] all)
    {
        var table = new Table().Title("What is in them")
            .AddColumn(new TableColumn("row").RightAligned())
            .AddColumn(new TableColumn("in blocks of").RightAligned())
            .AddColumn(new TableColumn("within row").RightAligned()).AddColumn("maps");
        var rowOf = all.SelectMany((rows, row) => rows.Select(entry => (entry.Number, Row: row + 1)))
            .ToDictionary(entry => entry.Number, entry => entry.Row);
        foreach (var (rows, row) in all.Select((rows, row) => (rows, row + 1)))
        {
            var within = rows.SelectMany(entry => entry.Class.Within).Select(number => rowOf[number]).Distinct()
                .Order();
            table.AddRow(N(row), List(rows[0].Class.Blocks), List(within), rows[0].Class.Maps);
        }

        return table;
    }

    private static Table Pinned(IReadOnlyList<PinnedAxis> axes)
    {
        var table = new Table().Title("What stays").AddColumn("where")
            .AddColumn(new TableColumn("indices").RightAligned()).AddColumn("why");
        foreach (var rows in axes.GroupBy(axis => (NamePatterns.Of(Name(axis)), axis.Count, axis.Reason)))
        {
            table.AddRow(
                Markup.Escape(string.Join(", ", NamePatterns.Fold(rows.Select(Name)))), N(rows.Key.Count),
                Markup.Escape(OneLine.Of(rows.Key.Reason)));
        }

        return table;
    }

    private static string Shortened(string[] names) =>
        string.Join(", ", names.Take(PatternsShown))
        + (names.Length > PatternsShown ? $" and {names.Length - PatternsShown} more" : "");

    private static string Name(PinnedAxis axis) => OneLine.Of($"{axis.Initializer}[{axis.Axis}]");

    private static string Name(SymmetryMember member) => OneLine.Of(member.Axis is { } axis
        ? $"{member.Name}[{axis}]"
        : member.Name);

    private static string List(IEnumerable<int> values) => string.Join(", ", values.Select(N));

    private static string N(int value) => value.ToString(CultureInfo.InvariantCulture);
}
