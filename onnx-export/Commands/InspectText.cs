using System.Globalization;
using Spectre.Console;
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
        console.Write(Classes(report.Classes));
        if (report.Pinned.Count > 0)
        {
            console.Write(Pinned(report.Pinned));
        }

        foreach (var operation in report.Unruled)
        {
            console.WriteLine($"pinned: {operation}");
        }

        if (report.Clear.Count > 0)
        {
            console.WriteLine($"in the clear: {string.Join(", ", report.Clear)}");
        }

        foreach (var caches in report.BoundedCaches.GroupBy(cache => cache.Value))
        {
            console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"bounded by {caches.Key} tokens: ")
                + string.Join(", ", NamePatterns.Fold(caches.Select(cache => cache.Key))));
        }

        var moved = report.MovedShare.ToString("P1", CultureInfo.InvariantCulture);
        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Classes.Count} classes, about 2^{report.KeyBits:F0} keys; {moved} of the weight bytes move"));
    }

    private static Table Classes(IReadOnlyList<SymmetryClass> classes)
    {
        var table = new Table().Title("Axes that move as one")
            .AddColumn(new TableColumn("classes").RightAligned())
            .AddColumn(new TableColumn("size").RightAligned())
            .AddColumn(new TableColumn("bits at most").RightAligned()).AddColumn("where");
        var alike = classes.GroupBy(group =>
            (group.Size, string.Join('\n', group.Members.Select(member => NamePatterns.Of(Name(member))))));
        foreach (var rows in alike)
        {
            // Several classes that look alike show what is in each; a class alone folds its own repetitions.
            var members = rows.First().Members.Select(Name);
            var names = rows.Count() > 1 ? members.Select(NamePatterns.Of) : NamePatterns.Fold(members);
            var bits = rows.First().MostKeyBits.ToString("F0", CultureInfo.InvariantCulture);
            table.AddRow(N(rows.Count()), N(rows.Key.Size), bits, Markup.Escape(Shortened([.. names])));
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
                Markup.Escape(rows.Key.Reason));
        }

        return table;
    }

    private static string Shortened(string[] names) =>
        string.Join(", ", names.Take(PatternsShown))
        + (names.Length > PatternsShown ? $" and {names.Length - PatternsShown} more" : "");

    private static string Name(PinnedAxis axis) => $"{axis.Initializer}[{axis.Axis}]";

    private static string Name(SymmetryMember member) => member.Axis is { } axis
        ? $"{member.Name}[{axis}]"
        : member.Name;

    private static string N(int value) => value.ToString(CultureInfo.InvariantCulture);
}
