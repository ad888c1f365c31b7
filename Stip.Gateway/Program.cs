using System.CommandLine;
using Stip.Gateway.Commands;
using Stip.Gateway.Terminal;

var root = new RootCommand("Private inference from the data owner's machine: prompts, keys and answers stay here.")
{
    DemoCommand.Create(),
    ChatCommand.Create(),
    CompleteCommand.Create(),
    ServeCommand.Create(),
    LoginCommand.Create(),
    LoginCommand.CreateLogout(),
    BundleCommand.Create(),
    EmbedCommand.Create(),
    ClassifyCommand.Create(),
    FillCommand.Create(),
};

// A prompt may begin with @: it is no response file.
var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (parsed.Errors.Count > 0)
{
    await parsed.InvokeAsync();
    return ExitCodes.WrongUsage;
}

return await Refusals.ReportAsync(() => parsed.InvokeAsync(Refusals.Uncaught));
