using System.CommandLine;
using Stip.Export.Commands;
using Stip.Export.Terminal;

var root = new RootCommand(
    "Turns a checkpoint into a graph, a graph into a protected package, and sends it to a server.")
{
    ExportCommand.Create(),
    ProtectCommand.Create(),
    InspectCommand.Create(),
    VerifyCommand.Create(),
    RunCommand.Create(),
    PushCommand.Create(),
    LaterCommand.Create(
        "audit", "Attacks a protected package the way a curious server would, and reports what they recover."),
};

var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    await parsed.InvokeAsync();
    return ExitCodes.WrongUsage;
}

return await Refusals.ReportAsync(() => parsed.InvokeAsync(Refusals.Uncaught));
