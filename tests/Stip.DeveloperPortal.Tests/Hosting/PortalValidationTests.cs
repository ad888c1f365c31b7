using Stip.DeveloperPortal.Hosting;

namespace Stip.DeveloperPortal.Tests.Hosting;

/// <summary>Settings that no page could be shown with; the built program says so in one line.</summary>
public sealed class PortalValidationTests
{
    [Theory]
    [InlineData("127.0.0.1:5000")]
    [InlineData("localhost:5000")]
    [InlineData("http://[")]
    [InlineData("ftp://server.test")]
    public void Validate_OfAnAddressThatIsNone_NamesIt(string endpoint) => Assert.Equal(
        [$"Stip:Portal:Endpoint '{endpoint}' is not an http or https address"],
        Faults(new PortalOptions { Endpoint = endpoint }));

    [Theory]
    [InlineData("stip_secret\n")]
    [InlineData(" stip_secret")]
    [InlineData("stip_sécret")]
    [InlineData("stip_se\u007fcret")]
    public void Validate_OfAKeyThatNoHeaderCarries_SaysSoWithoutTheKey(string key) => Assert.Equal(
        ["Stip:Portal:ApiKey begins or ends with white space, or has a line end or another character that is not "
            + "printable ASCII"],
        Faults(new PortalOptions { ApiKey = key }));

    [Theory]
    [InlineData(null, null)]
    [InlineData("", "")]
    [InlineData("https://server.test/behind/v1", "stip_Ab-1.2_3~4+5/6=")]
    [InlineData(null, "a password: with $igns, {and} \"words\"!")]
    public void Validate_OfWhatIsAsItShouldBe_Succeeds(string? endpoint, string? key) =>
        Assert.Empty(Faults(new PortalOptions { Endpoint = endpoint, ApiKey = key }));

    private static IEnumerable<string> Faults(PortalOptions options) =>
        new PortalValidation().Validate(null, options).Failures ?? [];
}
