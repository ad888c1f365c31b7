using Stip.Client.Generation;
using Stip.EndToEnd.Kit;
using Stip.EndToEnd.Tests.Fixtures;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>Decoders of other exporters whose first layers are the owner's say what the plain graph says, through
/// rewinds, replays and forks.</summary>
public sealed class ForeignClientLayersTests(SharedServer shared)
{
    private const int TokenCount = 12;
    private static readonly string? Root = FetchedFixtures.Folder;
    private static readonly int[] Prompt = [3, 14, 15, 32, 5, 35];

    [Theory]
    [InlineData(1, false, Explicit = true, Traits = ["Category", "Slow"])]
    [InlineData(2, true)]
    public async Task Generate_WithClientLayers_IsThePlainGraphsTextAlsoAfterRewindAndReplay(int layers, bool isRenamed)
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var folder = new TemporaryFolder();
        ForeignDecoder.Write(folder.At("plain.onnx"));
        ForeignDecoder.Write(folder.At("given.onnx"), isRenamed);
        using var plain = new BareDecoder(folder.At("plain.onnx"), ForeignDecoder.HeadSize);
        var expected = plain.Greedy(Prompt, TokenCount);
        var package = folder.At("package");
        await ModelPackages.RunAsync(
            "protect", "--model", folder.At("given.onnx"), "--output", package, "--client-layers", $"{layers}",
            "--name", $"foreign-layers-{layers}");
        await using var server = await ApiProcess.StartAsync();
        await server.PushAsync(package);
        using var open = OpenModel.Open(server, package);

        Assert.Equal(expected, await open.GreedyAsync(Prompt, TokenCount, cancellation));

        await using var session = open.Model.OpenSession();
        await session.AppendAsync(new[] { 7, 8, 9 }, cancellationToken: cancellation);
        var first = await IdsAsync(session, Prompt, TokenCount / 2); // rewinds to the beginning
        using var http = new HttpClient { BaseAddress = server.Endpoint };
        http.DefaultRequestHeaders.Authorization = new("Bearer", server.ApiKey);
        await Sessions.DeleteAllAsync(http);
        var rest = await IdsAsync(session, [.. Prompt, .. first], TokenCount / 2); // replays
        Assert.Equal(expected, first.Concat(rest));
        Assert.True(session.Usage.Replays >= 1);

        // What the owner's layers keep is copied with the server's cache.
        await using var fork = await session.ForkAsync(cancellation);
        await IdsAsync(session, [9, 8, 7], TokenCount / 2);
        int[] all = [.. Prompt, .. expected];
        var row = await fork.ContinueAsync(all.AsMemory(..^1), cancellationToken: cancellation);
        Assert.Equal(expected[^1], row.ArgMax());
        Assert.Equal(0, fork.Usage.Replays);
    }

    [Theory]
    [InlineData("optimum", "gpt2")] // learned positions
    [InlineData("optimum", "bloom")] // the graph does not say how wide the rows are
    [InlineData("optimum", "deepseek_v3")] // keys and values of different widths
    [InlineData("optimum", "opt_proj_postnorm")] // rows become wider before the first layer
    [InlineData("genai", "llama_fp32")]
    [InlineData("genai", "qwen3_fp32", 32)] // heads that are together wider than the rows
    [InlineData("torch-legacy", "hand-with-past")] // caches of other names
    public async Task Generate_OfAFixture_IsThePlainGraphsText(string exporter, string graph, int headSize = 16)
    {
        Assert.SkipWhen(Root is null, FetchedFixtures.Missing);
        using var folder = new TemporaryFolder();
        var source = Path.Combine(Root!, "graphs", exporter, graph, "model.onnx");
        using var plain = new BareDecoder(source, headSize);
        await ModelPackages.RunAsync(
            "protect", "--model", source, "--output", folder.At("package"), "--client-layers", "1",
            "--name", $"layers-{exporter}-{graph}");
        await shared.Server.PushAsync(folder.At("package"));
        using var open = OpenModel.Open(shared.Server, folder.At("package"));

        Assert.Equal(
            plain.Greedy(Prompt, TokenCount),
            await open.GreedyAsync(Prompt, TokenCount, TestContext.Current.CancellationToken));
    }

    private static async Task<List<int>> IdsAsync(StipSession session, int[] prompt, int count)
    {
        var options = new GenerationOptions { MaxNewTokens = count, IgnoreEndOfSequence = true };
        var ids = new List<int>();
        await foreach (var token in session.GenerateAsync(prompt, options, TestContext.Current.CancellationToken))
        {
            ids.Add(token.Id);
        }

        return ids;
    }
}
