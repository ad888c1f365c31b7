using System.Text.Json.Nodes;
using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Sampling;
using Stip.Client.Speculation;
using Stip.Client.Transport;
using Stip.EndToEnd.Kit;
using Stip.EndToEnd.Tests.Fixtures;
using Stip.TestKit;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>Guesses change the number of rounds and nothing else.</summary>
public sealed class SpeculationTests(SharedServer shared, ITestOutputHelper output)
{
    private const string Question = "<|user|>\nTell me the fable of The Fox and the Crow.<|end|>\n<|assistant|>\n";

    [Theory]
    [InlineData(0f)]
    [InlineData(0.8f, Explicit = true, Traits = ["Category", "Slow"])]
    public async Task GenerateAsync_WithADraft_GivesTheSameTextInFewRounds(float temperature)
    {
        var package = await shared.PushedAsync("stories");
        using var bundle = Bundle.Open(package);
        using var client = StipHttpClient.Connect(shared.Server.Endpoint, shared.Server.ApiKey);
        using var draft = DraftModel.Open(await ModelPackages.ExportAsync("stories-draft"));
        var prompt = bundle.Tokenizer!.Encode(Question);
        var sampling = new SamplingOptions { Temperature = temperature, TopP = 0.95f, Seed = 7 };

        var (alone, aloneRounds) = await RunAsync(new StipModel(bundle, client), prompt, sampling, speculates: false);
        using var far = Far();
        var model = new StipModel(bundle, far) { Draft = draft };
        var (guessed, rounds) = await RunAsync(model, prompt, sampling, speculates: true);

        output.WriteLine($"temperature {temperature}: {rounds} rounds for {guessed.Count} tokens");
        Assert.Equal(alone, guessed);
        Assert.Equal(alone.Count, aloneRounds);
        Assert.True(rounds * 100 <= guessed.Count * 45, $"{rounds} rounds for {guessed.Count} tokens");
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(0.8f, Explicit = true, Traits = ["Category", "Slow"])]
    public async Task GenerateAsync_AnswerAskedForAgain_IsCopiedInFewRounds(float temperature)
    {
        var package = await shared.PushedAsync("stories");
        using var bundle = Bundle.Open(package);
        using var far = Far();
        var sampling = new SamplingOptions { Temperature = temperature, TopP = 0.95f, Seed = 7 };
        var greedy = new SamplingOptions { Temperature = 0 };
        var (fable, _) = await RunAsync(new StipModel(bundle, far), bundle.Tokenizer!.Encode(Question), greedy, true);
        var again = bundle.Tokenizer.Encode($"{Question}{bundle.Tokenizer.Decode(fable)}<|end|>\n{Question}");

        var (alone, _) = await RunAsync(new StipModel(bundle, far), again, sampling, speculates: false);
        var (guessed, rounds) = await RunAsync(new StipModel(bundle, far), again, sampling, speculates: true);

        output.WriteLine($"temperature {temperature}: {rounds} rounds for {guessed.Count} tokens");
        Assert.Equal(alone, guessed);
        Assert.True(rounds * 100 <= guessed.Count * 60, $"{rounds} rounds for {guessed.Count} tokens");
    }

    [Fact(Explicit = true)]
    [Trait("Category", "Slow")]
    public async Task GenerateAsync_TextBeyondTheDraftsContext_GoesOnWithoutIt()
    {
        var package = await shared.PushedAsync("stories");
        using var bundle = Bundle.Open(package);
        using var folder = new TemporaryFolder();
        var prompt = bundle.Tokenizer!.Encode(Question);
        using var draft = DraftModel.Open(
            await ShortenedAsync("stories-draft", prompt.Length + 16, folder.At("draft")));
        using var far = Far();
        var sampling = new SamplingOptions { Temperature = 0 };

        var (alone, _) = await RunAsync(new StipModel(bundle, far), prompt, sampling, speculates: false);
        var model = new StipModel(bundle, far) { Draft = draft };
        var (guessed, rounds) = await RunAsync(model, prompt, sampling, speculates: true);

        Assert.Equal(alone, guessed);
        Assert.True(rounds < guessed.Count, $"{rounds} rounds for {guessed.Count} tokens");
    }

    private static async Task<string> ShortenedAsync(string checkpoint, int contextLength, string target)
    {
        Directory.CreateDirectory(target);
        foreach (var file in Directory.EnumerateFiles(await ModelPackages.ExportAsync(checkpoint)))
        {
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        }

        var path = Path.Combine(target, "export.json");
        var manifest = JsonNode.Parse(await File.ReadAllTextAsync(path))!;
        manifest["context_length"] = contextLength;
        await File.WriteAllTextAsync(path, manifest.ToJsonString());
        return target;
    }

    private StipHttpClient Far() => FarServer.Connect(shared.Server);

    private static async Task<(List<int> Ids, int Rounds)> RunAsync(
        StipModel model, int[] prompt, SamplingOptions sampling, bool speculates)
    {
        var options = new GenerationOptions { MaxNewTokens = 200, Sampling = sampling, Speculates = speculates };
        var ids = new List<int>();
        var rounds = 0;
        await foreach (var token in model.GenerateAsync(prompt, options, TestContext.Current.CancellationToken))
        {
            ids.Add(token.Id);
            rounds = token.Usage?.Rounds ?? 0;
        }

        return (ids, rounds);
    }
}
