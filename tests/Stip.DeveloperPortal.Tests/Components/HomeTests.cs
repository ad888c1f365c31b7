using System.Net;
using Stip.DeveloperPortal.Tests.Packages;
using Stip.TestKit;

namespace Stip.DeveloperPortal.Tests.Components;

public sealed class HomeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Home_OnePackage_ListsItAndSaysThatNoServerIsConfigured()
    {
        SomePackage.WriteTo(_folder.At("tales"), "tales-of-1900");
        await using var portal = new PortalFactory(_folder.Path);

        var page = await portal.CreateClient().GetStringAsync("/", TestContext.Current.CancellationToken);

        Assert.Contains("tales-of-1900", page, StringComparison.Ordinal);
        Assert.Contains("no server is configured", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Home_AskedUnderAnotherHostName_IsRefused()
    {
        await using var portal = new PortalFactory(_folder.Path);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { Host = "evil.example" } };

        using var answer = await portal.CreateClient().SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }
}
