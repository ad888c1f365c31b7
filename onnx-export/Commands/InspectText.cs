using System.Globalization;
using Spectre.Console;
using Stip.Onnx.Symmetry.Reports;

namespace Stip.Export.Commands;

/// <summary>What <c>inspect</c> prints: the classes, what stays and why, and the sums.</summary>
internal static class InspectText
{
    private const int MembersShown = 6;

    /// <param name="report">What was found.</param>
    /// <param name="console">Where it is written.</param>
    public static void Print(SymmetryReport report, IAnsiConsole console)
    {
        var classes = new Table().Title("Axes that move as one")
            .AddColumn(new TableColumn("size").RightAligned()).AddColumn("where");
        foreach (var group in report.Classes)
        {
            var shown = group.Members.Take(MembersShown).Select(Name);
            var more = group.Members.Count - MembersShown;
            classes.AddRow(
                group.Size.ToString(CultureInfo.InvariantCulture),
                Markup.Escape(string.Join(", ", shown) + (more > 0 ? $" and {more} more" : "")));
        }

        console.Write(classes);
        if (report.Pinned.Count > 0)
        {
            var pinned = new Table().Title("What stays").AddColumns("where", "indices", "why");
            foreach (var axis in report.Pinned)
            {
                pinned.AddRow(
                    Markup.Escape($"{axis.Initializer}[{axis.Axis}]"),
                    axis.Count.ToString(CultureInfo.InvariantCulture),
                    Markup.Escape(axis.Reason));
            }

            console.Write(pinned);
        }

        foreach (var operation in report.Unruled)
        {
            console.WriteLine($"pinned: {operation}");
        }

        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"about 2^{report.KeyBits:F0} keys; {report.MovedShare:P1} of the weight bytes move"));
    }

    private static string Name(SymmetryMember member) => member.Axis is { } axis
        ? $"{member.Name}[{axis}]"
        : member.Name;
}
