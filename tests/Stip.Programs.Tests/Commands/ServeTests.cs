using System.Net.Http.Json;
using System.Text.Json;
using Stip.EndToEnd.Kit;
using Stip.TestKit.Processes;

namespace Stip.Programs.Tests.Commands;

/// <summary>The OpenAI-compatible server in front of a real Stip.Api.</summary>
public sealed class ServeTests(SharedServer shared)
{
    private const string Fable = "A CROW having stolen a bit of meat";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Serve_TwoBundles_AnswersByModelName()
    {
        await using var gateway = Start(
            [], await shared.PushedAsync("stories"), await shared.PushedAsync("stories-gpt2"));
        using var http = new HttpClient { BaseAddress = await AddressAsync(gateway) };

        var models = await http.GetFromJsonAsync<JsonElement>(
            new Uri("v1/models", UriKind.Relative), TestContext.Current.CancellationToken);
        using var answer = await http.PostAsJsonAsync(
            new Uri("v1/chat/completions", UriKind.Relative),
            new
            {
                model = "stories",
                temperature = 0,
                messages = new[] { new { role = "user", content = "Tell me the fable of The Fox and the Crow." } },
            },
            TestContext.Current.CancellationToken);
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);

        Assert.Equal(
            ["stories", "stories-gpt2"],
            models.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()));
        var choice = body.GetProperty("choices")[0];
        Assert.StartsWith(
            Fable, choice.GetProperty("message").GetProperty("content").GetString(), StringComparison.Ordinal);
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        Assert.DoesNotContain("CROW", gateway.Output + shared.Server.Output, StringComparison.OrdinalIgnoreCase);
    }

    // A package that no other test of this server uses: the sessions that are counted are the gateway's own.
    [Fact]
    public async Task Serve_ClientGoesAway_TheSessionIsReleased()
    {
        const string Model = "stories-gpt2-open";
        await using var gateway = Start(["--allow-unprotected"], await shared.PushedAsync("stories-gpt2", "none"));
        // Else the handler would read on for two seconds, in which the whole answer is written and its session kept.
        using var handler = new SocketsHttpHandler { MaxResponseDrainSize = 0 };
        using var http = new HttpClient(handler) { BaseAddress = await AddressAsync(gateway) };
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri("v1/completions", UriKind.Relative))
        {
            Content = JsonContent.Create(
                new { model = Model, prompt = "Once", max_tokens = 400, ignore_eos = true, stream = true }),
        };
        using (var answer = await http.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken))
        {
            var stream = await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
            Assert.True(await stream.ReadAsync(new byte[64], TestContext.Current.CancellationToken) > 0);
        }

        using var server = new HttpClient { BaseAddress = shared.Server.Endpoint };
        server.DefaultRequestHeaders.Authorization = new("Bearer", shared.Server.ApiKey);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        while (await Sessions.CountAsync(server, Model) > 0)
        {
            await Task.Delay(50, patience.Token);
        }
    }

    private BuiltProgram Start(string[] options, params string[] packages) => BuiltProgram.Start(
        "Stip.Gateway",
        [
            "serve", "--port", "0", .. packages.SelectMany(package => new[] { "--bundle", package }),
            "--endpoint", shared.Server.Endpoint.ToString(), "--api-key", shared.Server.ApiKey, .. options,
        ]);

    private static async Task<Uri> AddressAsync(BuiltProgram gateway)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        while (true)
        {
            Assert.False(gateway.HasExited, gateway.Output);
            var words = gateway.Output.Split([' ', '\n']);
            if (Array.Find(words, word => word.EndsWith("/v1", StringComparison.Ordinal)) is { } url)
            {
                return new Uri(url[..^"v1".Length]);
            }

            await Task.Delay(50, patience.Token);
        }
    }
}
