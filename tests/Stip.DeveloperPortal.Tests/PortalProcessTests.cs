using System.Net;
using System.Net.Sockets;
using Stip.TestKit.Processes;

namespace Stip.DeveloperPortal.Tests;

/// <summary>The built program as `dotnet run` starts it: not in Development, from any working directory.</summary>
public sealed class PortalProcessTests
{
    private const int MostTries = 200;

    [Fact]
    public async Task Stylesheet_OfTheBuiltProgram_IsServed()
    {
        var address = $"http://127.0.0.1:{FreePort()}";
        await using var portal = BuiltProgram.Start("Stip.DeveloperPortal", ["--urls", address]);
        using var http = new HttpClient { BaseAddress = new Uri(address) };

        var style = await GetWhenLiveAsync(http, "/portal.css", TestContext.Current.CancellationToken);

        Assert.Contains("border-collapse", style, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--urls", "nonsense")]
    [InlineData("--Stip:Portal:Endpoint", "localhost:5000")]
    public async Task Start_AtAnAddressThatIsNone_EndsInOneLine(string setting, string address)
    {
        string[] settings = setting == "--urls" ? [] : ["--urls", $"http://127.0.0.1:{FreePort()}"];
        await using var portal = BuiltProgram.Start("Stip.DeveloperPortal", [setting, address, .. settings]);
        for (var i = 0; i < MostTries && !portal.HasExited; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken);
        }

        Assert.True(portal.HasExited);
        Assert.Contains(setting.TrimStart('-'), portal.Output, StringComparison.Ordinal);
        Assert.Contains(address, portal.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", portal.Output, StringComparison.Ordinal);
    }

    private static async Task<string> GetWhenLiveAsync(
        HttpClient http, string path, CancellationToken cancellationToken)
    {
        for (var i = 0; ; i++)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
                return await answer.Content.ReadAsStringAsync(cancellationToken);
            }
            catch (HttpRequestException) when (i < MostTries)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
