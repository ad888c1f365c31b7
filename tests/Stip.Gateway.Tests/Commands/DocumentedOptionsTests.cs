using System.CommandLine;
using Stip.Gateway.Commands;
using Stip.TestKit;

namespace Stip.Gateway.Tests.Commands;

public sealed class DocumentedOptionsTests
{
    [Fact]
    public void Options_OfEveryCommand_AreNamedInThePage()
    {
        var page = File.ReadAllText(RepositoryRoot.At("docs", "client.md"));
        Command[] commands =
        [
            DemoCommand.Create(), ChatCommand.Create(), CompleteCommand.Create(), ServeCommand.Create(),
            LoginCommand.Create(), EmbedCommand.Create(), ClassifyCommand.Create(), FillCommand.Create(),
            TagCommand.Create(), AnswerCommand.Create(), .. BundleCommand.Create().Subcommands,
        ];

        var missing = commands.SelectMany(command => command.Options.Select(option => (command.Name, option)))
            .Where(named => !page.Contains($"`{named.option.Name}", StringComparison.Ordinal))
            .Select(named => $"{named.Name} {named.option.Name}");

        Assert.Empty(missing);
    }
}
