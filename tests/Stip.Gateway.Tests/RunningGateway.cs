using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Transport;
using Stip.Gateway.Serving;
using Stip.TestKit;
using Stip.TestKit.Toys;

namespace Stip.Gateway.Tests;

/// <summary>The gateway on a free port, with a toy for a server behind it. The toy speaks the tokenizer of the
/// samples.</summary>
internal sealed class RunningGateway : IAsyncDisposable
{
    /// <summary>A model that takes images, and has no graph to see them.</summary>
    public const string Seeing = "seeing";

    private readonly TemporaryFolder _folder = new();
    private readonly StipHttpClient _upstream;
    private readonly Bundle[] _bundles;
    private readonly WebApplication _app;

    private RunningGateway(bool requiresToken, string? template, bool speculates, string[] models)
    {
        Token = GatewayToken.New(requiresToken);
        Server = new ToyServer(Toy);
        _upstream = new StipHttpClient(new HttpClient(Server) { BaseAddress = new Uri("http://toy.test") });
        _bundles = [.. models.Select((model, i) => OpenBundle(_folder.At($"{i}"), model, template))];
        _app = GatewayApplication.Create(
            [.. _bundles.Select(bundle => new StipModel(bundle, _upstream))], "http://127.0.0.1:0",
            logsRequests: false, speculates: speculates, token: Token);
    }

    public ToyModel Toy { get; } = new(vocabSize: 4096);

    public ToyServer Server { get; }

    public HttpClient Http { get; private set; } = null!;

    public GatewayToken Token { get; }

    /// <param name="requiresToken">As <c>--require-token</c>.</param>
    /// <param name="template">A chat template; null for that of the samples, which takes no tools.</param>
    /// <param name="speculates">As without <c>--no-speculation</c>.</param>
    /// <param name="models">Of the bundles, <c>toy</c> where none is said; the server knows that only.</param>
    public static async Task<RunningGateway> StartAsync(
        bool requiresToken = false, string? template = null, bool speculates = true, params string[] models)
    {
        var gateway = new RunningGateway(requiresToken, template, speculates, models is [] ? ["toy"] : models);
        await gateway._app.StartAsync(TestContext.Current.CancellationToken);
        gateway.Http = new HttpClient { BaseAddress = new Uri(gateway._app.Urls.Single()) };
        return gateway;
    }

    /// <summary>Shows the token with every request from now on.</summary>
    public void ShowToken() => Http.DefaultRequestHeaders.Authorization = new("Bearer", Token.Value);

    /// <summary>The ids of a chat's prompt, and of a raw one.</summary>
    public int[] ChatPrompt(string question) =>
        _bundles[0].Tokenizer!.Encode($"<|user|>\n{question}<|end|>\n<|assistant|>\n");

    public int[] RawPrompt(string text) => _bundles[0].Tokenizer!.Encode(text, addSpecialTokens: true);

    public string Text(IEnumerable<int> ids) => _bundles[0].Tokenizer!.Decode(ids);

    public async Task<(int Status, JsonElement Body)> PostAsync(string route, object body)
    {
        using var answer = await Http.PostAsJsonAsync(
            new Uri(route, UriKind.Relative), body, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return ((int)answer.StatusCode, JsonDocument.Parse(text).RootElement);
    }

    /// <summary>The data of every event of a streamed answer.</summary>
    public async Task<IReadOnlyList<string>> StreamAsync(string route, object body)
    {
        using var answer = await Http.PostAsJsonAsync(
            new Uri(route, UriKind.Relative), body, TestContext.Current.CancellationToken);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.EndsWith("\n\n", text, StringComparison.Ordinal);
        return [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(part =>
        {
            Assert.StartsWith("data: ", part, StringComparison.Ordinal);
            return part["data: ".Length..];
        })];
    }

    /// <summary>The events of a streamed response, each of which names its type twice.</summary>
    public async Task<IReadOnlyList<JsonElement>> EventsAsync(string route, object body)
    {
        using var answer = await Http.PostAsJsonAsync(
            new Uri(route, UriKind.Relative), body, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(part =>
        {
            var lines = part.Split('\n');
            var data = JsonDocument.Parse(lines[1]["data: ".Length..]).RootElement;
            Assert.Equal($"event: {data.GetProperty("type").GetString()}", lines[0]);
            return data;
        })];
    }

    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        await _app.DisposeAsync();
        _upstream.Dispose();
        Array.ForEach(_bundles, bundle => bundle.Dispose());
        _folder.Dispose();
    }

    private Bundle OpenBundle(string folder, string model, string? template)
    {
        ToyBundle.Write(folder, Toy, manifest =>
        {
            manifest["model"] = model;
            if (model == Seeing)
            {
                manifest["image_token_id"] = 5;
            }
        });
        foreach (var name in new[] { "tokenizer.json", "tokenizer_config.json" })
        {
            File.Copy(RepositoryRoot.At("samples", "models", "stories", name), Path.Combine(folder, name));
        }

        if (template is not null)
        {
            File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), template);
        }

        return Bundle.Open(folder);
    }
}
