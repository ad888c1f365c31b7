using System.CommandLine;
using System.CommandLine.Help;
using Stip.Gateway.Commands;
using Stip.Gateway.Terminal;

// Named as it is installed, whatever the file is called.
var root = new Command(
    "stip",
    """
    Private inference from the data owner's machine: prompts, keys and answers stay here.

      stip login --endpoint https://stip.example.org        keeps address and key for the commands below
      stip chat  --bundle package/client "Tell me a fable."
      stip serve --bundle package/client                    an OpenAI API and a chat page on this machine
    """)
{
    new HelpOption(),
    new VersionOption(),
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
    TagCommand.Create(),
    AnswerCommand.Create(),
    TranscribeCommand.Create(),
};

EmptyValues.Refuse(root);

// A prompt may begin with @: it is no response file.
var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (parsed.Errors.Count > 0)
{
    await parsed.InvokeAsync();
    return ExitCodes.WrongUsage;
}

return await Refusals.ReportAsync(() => parsed.InvokeAsync(Refusals.Uncaught));
