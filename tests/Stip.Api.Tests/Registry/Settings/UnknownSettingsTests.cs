using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Stip.Api.Registry;
using Stip.Api.Runtime;

namespace Stip.Api.Tests.Registry.Settings;

public sealed class UnknownSettingsTests
{
    [Theory]
    [InlineData("Stip:Api:Engine:Slotz", "Stip:Api:Engine:Slotz is no setting", "Stip:Api:Engine:Slots?")]
    [InlineData("Stip:Api:Limit:Sessions", "Stip:Api:Limit:Sessions is no setting", "Stip:Api:Limits:Sessions?")]
    [InlineData("Stip:Api:MaxLenght", "Stip:Api:MaxLenght is no setting", "Stip:Api:Engine:MaxLength?")]
    [InlineData("Stip:Api:Slots:Many", "Stip:Api:Slots:Many is no setting", "most used")]
    [InlineData("Stip:Engine:Slots", "Stip:Engine:Slots is no setting", "Stip:Api:Engine:Slots?")]
    [InlineData("Stip:Api:DataDirectory:Path", "Stip:Api:DataDirectory:Path is no setting", "")]
    [InlineData("Stip:Api:Engine", "Stip:Api:Engine is a group of settings", "")]
    public void Setting_ThatThereIsNot_IsRefusedWithTheNearest(string name, string named, string nearest)
    {
        var fault = Assert.Single(Faults(InMemory((name, "1"))));
        Assert.StartsWith(named, fault, StringComparison.Ordinal);
        Assert.EndsWith(nearest, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_OfThisAndOtherHosts_AreTaken() => Assert.Empty(Faults(InMemory(
        ("stip:api:engine:slots", "3"), ("Stip:Api:Database:Provider", "sqlite"), ("Stip:Api:ExecutionProvider", "cpu"),
        ("Stip:Portal:Anything", "1"), ("Stip:Gateway", "1"), ("Serilog:Anything", "1"))));

    [Theory]
    [InlineData("--Slots", "--Slots is no setting of this server; did you mean --Stip:Api:Engine:Slots?")]
    [InlineData("--Api:DataDirectory",
        "--Api:DataDirectory is no setting of this server; did you mean --Stip:Api:DataDirectory?")]
    [InlineData("--Stip:Api:Datadir", "Stip:Api:Datadir (command line) is no setting of this server: docs/api.md " +
        "lists them, and --help the most used")]
    public void Argument_ThatIsNoSetting_IsRefused(string argument, string line) =>
        Assert.Equal([line], Faults(new ConfigurationBuilder().AddCommandLine([argument, "3"])));

    [Fact]
    public void Values_OutOfRange_AreShownWithTheirRangeButKeysAreNot()
    {
        var faults = Faults(InMemory(
            ("Stip:Api:MaxUploads", "0"), ("Stip:Api:BootstrapKey", "secret"), ("Stip:Api:Other", "1")));

        Assert.Contains("Stip:Api:MaxUploads '0': not from 1 to 1000000", faults);
        Assert.Contains("Stip:Api:BootstrapKey: shorter than 16 characters", faults);
        Assert.Equal(3, faults.Length);
        Assert.DoesNotContain(faults, fault => fault.Contains("secret", StringComparison.Ordinal));
    }

    // The value is trimmed where it is presented: one of these could be stored, and never be used.
    [Theory]
    [InlineData("secret_of_sixteen\n", "white space")]
    [InlineData("secret_of_sixteen\r\n", "white space")]
    [InlineData(" secret_of_sixteen", "white space")]
    [InlineData("secret_of\nsixteen_characters", "line end")]
    [InlineData("secret_of_512_and_one", "longer than 512 characters")]
    public void BootstrapKey_ThatCouldNeverBeShown_IsRefusedAndNotTold(string value, string fault)
    {
        var key = value.EndsWith("one", StringComparison.Ordinal) ? value.PadRight(513, 'x') : value;

        var line = Assert.Single(Faults(InMemory(("Stip:Api:BootstrapKey", key))));

        Assert.StartsWith("Stip:Api:BootstrapKey: ", line, StringComparison.Ordinal);
        Assert.Contains(fault, line, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sixteen_letters_")]
    [InlineData("words with spaces in between")]
    public void BootstrapKey_ThatCanBeShown_IsTaken(string value) =>
        Assert.Empty(Faults(InMemory(("Stip:Api:BootstrapKey", value))));

    private static IConfigurationBuilder InMemory(params (string Name, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(
            settings.ToDictionary(setting => setting.Name, setting => (string?)setting.Value));

    private static string[] Faults(IConfigurationBuilder settings)
    {
        var services = new ServiceCollection().AddSingleton<IConfiguration>(settings.Build());
        services.AddRegistry().AddOnnxRuntime();
        using var provider = services.BuildServiceProvider();
        try
        {
            _ = provider.GetRequiredService<IOptions<ApiOptions>>().Value;
            return [];
        }
        catch (OptionsValidationException e)
        {
            return [.. e.Failures];
        }
    }
}
