using System.CommandLine;
using System.CommandLine.Help;
using Stip.Export.Commands;
using Stip.Export.Terminal;

// Named as it is installed, whatever the file is called.
var root = new Command(
    "stip-export",
    """
    Turns a checkpoint into a graph, a graph into a protected package, and sends it to a server.

      stip-export export  --checkpoint FOLDER_OR_GGUF --output work/plain
      stip-export protect --model work/plain --output work/private    cloud/, client/ and owner/, which stays
      stip-export push    --package work/private --endpoint https://stip.example.org
    """)
{
    new HelpOption(),
    new VersionOption(),
    ExportCommand.Create(),
    ProtectCommand.Create(),
    InspectCommand.Create(),
    VerifyCommand.Create(),
    RunCommand.Create(),
    PushCommand.Create(),
    LaterCommand.Create(
        "audit", "Attacks a protected package the way a curious server would, and reports what they recover.",
        "--plain", "--protected", "--base", "--corpus", "--output"),
};

EmptyValues.Refuse(root);

var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    await parsed.InvokeAsync();
    return ExitCodes.WrongUsage;
}

return await Refusals.ReportAsync(() => parsed.InvokeAsync(Refusals.Uncaught));
