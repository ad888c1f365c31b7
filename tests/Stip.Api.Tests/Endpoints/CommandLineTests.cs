using Stip.Api.Endpoints;

namespace Stip.Api.Tests.Endpoints;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("serve", "'serve' is no argument: settings are --NAME VALUE (see --help)")]
    [InlineData("--Stip:Api:Engine:Preload", "--Stip:Api:Engine:Preload has no value (see --help)")]
    [InlineData("--Stip:Api:Engine:Preload --urls http://localhost:1",
        "--Stip:Api:Engine:Preload has no value (see --help)")]
    [InlineData("--urls http://localhost:1 extra", "'extra' is no argument: settings are --NAME VALUE (see --help)")]
    public void Arguments_ThatWouldBePassedOver_AreRefused(string line, string fault) =>
        Assert.Equal([fault], CommandLine.Faults(line.Split(' ')));

    [Theory]
    [InlineData("--urls http://localhost:1 --Stip:Api:Engine:Slots=3")]
    [InlineData("--Stip:Api:Engine:MaxLength -1 /Stip:Api:Engine:Slots 3 Stip:Api:Engine:Slots=3")]
    public void Arguments_InTheFormsOfTheConfiguration_AreTaken(string line) =>
        Assert.Empty(CommandLine.Faults(line.Split(' ')));
}
