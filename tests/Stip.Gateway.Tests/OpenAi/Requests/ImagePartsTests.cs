using System.Text.Json;
using Stip.Client.Images;
using Stip.Gateway.Serving;

namespace Stip.Gateway.Tests.OpenAi.Requests;

/// <summary>How large a request with images may be.</summary>
public sealed class ImagePartsTests
{
    // One white pixel.
    private const string Pixel =
        "data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=";

    [Fact]
    public async Task Post_AnImageOfManyMegabytes_IsReadAndNotRefusedForItsSize()
    {
        var (status, error) = await AskAsync(["data:image/png;base64," + new string('A', 40_000_000)]);

        Assert.Equal(400, status);
        Assert.Equal("messages[0].content", error.GetProperty("param").GetString());
        Assert.DoesNotContain("characters", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_AnImageBeyondTheLimit_NamesIt()
    {
        const int most = 96 << 20;
        Assert.True(most < GatewayApplication.MostBodyBytes);

        var (status, error) = await AskAsync(["data:image/png;base64," + new string('A', most)]);

        Assert.Equal(400, status);
        Assert.Contains(
            $"at most {most} characters", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_MoreImagesThanAreTaken_NamesTheLimit()
    {
        var (status, error) = await AskAsync([.. Enumerable.Repeat(Pixel, ImageTurns.MostImages + 1)]);

        Assert.Equal(400, status);
        Assert.Contains("reads 64 images", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    private static async Task<(int Status, JsonElement Error)> AskAsync(string[] urls)
    {
        await using var gateway = await RunningGateway.StartAsync(models: RunningGateway.Seeing);
        object[] content = [.. urls.Select(url => new { type = "image_url", image_url = new { url } })];
        var (status, body) = await gateway.PostAsync("/v1/chat/completions", new
        {
            model = RunningGateway.Seeing,
            messages = new[] { new { role = "user", content } },
        });
        return (status, body.GetProperty("error"));
    }
}
