using System.Net;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Stip.DeveloperPortal.Server;
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
    public async Task Home_ServerBehindAPathWhoseModelsSayNothing_ListsTheirNames()
    {
        var server = new OtherServer();
        await using var portal = new PortalFactory(_folder.Path);
        await using var asking = portal.WithWebHostBuilder(host => host
            .UseSetting("Stip:Portal:Endpoint", "http://server.test/behind/a/proxy")
            .ConfigureTestServices(services => services.AddHttpClient<ServerModels>()
                .ConfigurePrimaryHttpMessageHandler(() => server)));

        var page = await asking.CreateClient().GetStringAsync("/", TestContext.Current.CancellationToken);

        Assert.Contains("a-model-of-another-server", page, StringComparison.Ordinal);
        Assert.Equal("http://server.test/behind/a/proxy/v1/models", server.Asked?.AbsoluteUri);
    }

    [Theory]
    [InlineData("<html>", "text/html", "JsonException")]
    [InlineData("{}", "application/json; charset=none", "InvalidOperationException")]
    public async Task Home_ServerThatIsSomethingElse_SaysSo(string answer, string type, string fault)
    {
        using var server = new OtherServer(answer, type);
        await using var portal = new PortalFactory(_folder.Path);
        await using var asking = portal.WithWebHostBuilder(host => host
            .UseSetting("Stip:Portal:Endpoint", "http://server.test")
            .ConfigureTestServices(services => services.AddHttpClient<ServerModels>()
                .ConfigurePrimaryHttpMessageHandler(() => server)));

        var page = await asking.CreateClient().GetStringAsync("/", TestContext.Current.CancellationToken);

        Assert.Contains($"could not be asked: {fault}", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Home_AskedUnderAnotherHostName_IsRefused()
    {
        await using var portal = new PortalFactory(_folder.Path);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { Host = "evil.example" } };

        using var answer = await portal.CreateClient().SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    // OpenAI's shape, without what Stip.Api says beside it.
    private sealed class OtherServer(string answer = OtherServer.Models, string type = "application/json")
        : HttpMessageHandler
    {
        private const string Models = """
            {"object":"list","data":[{"id":"a-model-of-another-server","object":"model","created":1,"owned_by":"x"}]}
            """;

        public Uri? Asked { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked = request.RequestUri;
            return Task.FromResult(new HttpResponseMessage
            {
                Content = new StringContent(answer)
                {
                    Headers = { ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type) },
                },
            });
        }
    }
}
