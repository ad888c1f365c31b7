using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using Stip.Export.Pictures;
using Stip.Onnx;
using Stip.Onnx.Protection;
using Stip.Protocol;

namespace Stip.Export.Commands;

/// <summary><c>inspect</c>: what of a model can be permuted, what stays and why.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var model = new Option<string>("--model")
        {
            Required = true,
            Description = "Folder of export or of protect, or an ONNX graph.",
        };
        var json = new Option<bool>("--json") { Description = "Prints one JSON document." };
        var html = new Option<string?>("--html")
        {
            Description = "File for a page that shows the graph coloured by class.",
        };
        var command = new Command("inspect", "Shows which axes of a model move together, which stay, and why.")
        {
            model, json, html,
        };
        command.SetAction(parsed =>
        {
            var path = parsed.GetRequiredValue(model);
            var (report, pictures) = ModelInspector.Drawn(path);
            if (parsed.GetValue(html) is { } page)
            {
                var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
                WritePage(page, HtmlPage.Write(name, report, pictures));
            }

            if (parsed.GetValue(json))
            {
                Console.WriteLine(JsonSerializer.Serialize(report, StipJson.Wire));
            }
            else
            {
                InspectText.Print(report, AnsiConsole.Console);
            }
        });
        return command;
    }

    private static void WritePage(string path, string page)
    {
        try
        {
            File.WriteAllText(path, page);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RefusedException($"--html {path} cannot be written: {e.Message}", e);
        }
    }
}
