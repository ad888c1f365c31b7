using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using Stip.Onnx;
using Stip.Onnx.Protection;
using Stip.Onnx.Symmetry.Reports;
using Stip.Protocol;

namespace Stip.Export.Commands;

/// <summary><c>inspect</c>: what of a model can be permuted, what stays and why.</summary>
internal static class InspectCommand
{
    private const int MembersShown = 6;

    public static Command Create()
    {
        var model = new Option<string>("--model")
        {
            Required = true,
            Description = "Folder of export or of protect, or an ONNX graph.",
        };
        var json = new Option<bool>("--json") { Description = "Prints one JSON document." };
        var html = new Option<string>("--html") { Description = "Not there yet.", Hidden = true };
        var command = new Command("inspect", "Shows which axes of a model move together, which stay, and why.")
        {
            model, json, html,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetResult(html) is not null)
            {
                throw new RefusedException("'--html' is not there yet");
            }

            var report = ModelInspector.Inspect(parsed.GetRequiredValue(model));
            if (parsed.GetValue(json))
            {
                Console.WriteLine(JsonSerializer.Serialize(report, StipJson.Wire));
            }
            else
            {
                Print(report);
            }
        });
        return command;
    }

    private static void Print(SymmetryReport report)
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

        AnsiConsole.Write(classes);
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

            AnsiConsole.Write(pinned);
        }

        foreach (var operation in report.Unruled)
        {
            AnsiConsole.WriteLine($"pinned: {operation}");
        }

        AnsiConsole.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"about 2^{report.KeyBits:F0} keys; {report.MovedShare:P1} of the weight bytes move"));
    }

    private static string Name(SymmetryMember member) => member.Axis is { } axis
        ? $"{member.Name}[{axis}]"
        : member.Name;
}
