using System.CommandLine;
using Stip.Export.Commands;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

public sealed class DocumentedOptionsTests
{
    [Fact]
    public void Options_OfEveryCommand_AreNamedInThePage()
    {
        var page = File.ReadAllText(RepositoryRoot.At("docs", "onnx-export.md"));
        Command[] commands =
        [
            ExportCommand.Create(), ProtectCommand.Create(), InspectCommand.Create(), VerifyCommand.Create(),
            RunCommand.Create(), PushCommand.Create(),
        ];

        var missing = commands.SelectMany(command => command.Options.Select(option => (command.Name, option)))
            .Where(named => !page.Contains($"`{named.option.Name}", StringComparison.Ordinal))
            .Select(named => $"{named.Name} {named.option.Name}");

        Assert.Empty(missing);
    }
}
