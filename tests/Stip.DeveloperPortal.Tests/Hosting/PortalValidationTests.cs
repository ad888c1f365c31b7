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

    [Fact]
    public void Validate_OfAKeyWithALineEnd_SaysSoWithoutTheKey() => Assert.Equal(
        ["Stip:Portal:ApiKey has characters beyond letters, digits and -._~+/= (a line end?)"],
        Faults(new PortalOptions { ApiKey = "stip_secret\n" }));

    [Theory]
    [InlineData(null, null)]
    [InlineData("", "")]
    [InlineData("https://server.test/behind/v1", "stip_Ab-1.2_3~4+5/6=")]
    public void Validate_OfWhatIsAsItShouldBe_Succeeds(string? endpoint, string? key) =>
        Assert.Empty(Faults(new PortalOptions { Endpoint = endpoint, ApiKey = key }));

    private static IEnumerable<string> Faults(PortalOptions options) =>
        new PortalValidation().Validate(null, options).Failures ?? [];
}
