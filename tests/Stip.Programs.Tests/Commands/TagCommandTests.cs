using System.Text.Json;
using Stip.EndToEnd.Kit;
using Stip.Programs.Tests.Fixtures;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.Programs.Tests.Commands;

/// <summary><c>tag</c> against a real server: a token classifier whose weights are random.</summary>
public sealed class TagCommandTests(SharedServer shared)
{
    private static readonly string[] Names = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"];

    private const string Text = "The Fox met Élise in Paris.";
    private const float LargestDifference = 1e-5f; // float32 sums in another order, on outputs of scale 1

    [Fact]
    public async Task Tag_Protected_EqualsUnprotected_WithPlacesInTheText()
    {
        using var folder = new TemporaryFolder();
        await StoriesBertCheckpoint.MakeAsync(
            folder.At("checkpoint"), "BertForTokenClassification", Names);
        await ModelPackages.RunAsync(
            "export", "--checkpoint", folder.At("checkpoint"), "--output", folder.At("plain"), "--random-weights", "1");

        var hidden = await AskAsync(folder, "permutation");
        var open = await AskAsync(folder, "none");

        var (tokens, plain) = (Items(hidden, "tokens"), Items(open, "tokens"));
        Assert.Equal(Items(hidden, "spans").Select(Words), Items(open, "spans").Select(Words));
        Assert.Equal(plain.Select(Words), tokens.Select(Words));
        Assert.All(tokens, token => Assert.Contains(token.GetProperty("label").GetString(), Names));
        Assert.All(Items(hidden, "spans"), span => Assert.Contains(
            span.GetProperty("label").GetString(), (string[])["PER", "LOC"]));
        Assert.Equal("The", tokens[0].GetProperty("word").GetString());
        Assert.Equal(1, tokens[0].GetProperty("index").GetInt32());
        Assert.Equal(".", tokens[^1].GetProperty("word").GetString());
        Assert.All(tokens, token => Assert.Equal(
            token.GetProperty("word").GetString(),
            Text[token.GetProperty("start").GetInt32()..token.GetProperty("end").GetInt32()]));
        Assert.All(tokens.Zip(plain), pair => Assert.Equal(
            pair.Second.GetProperty("score").GetSingle(), pair.First.GetProperty("score").GetSingle(),
            LargestDifference));
    }

    [Theory]
    [InlineData("stories-bert", "does not label tokens; tag needs a token classifier")]
    [InlineData("digits-vit", "takes images, not texts")]
    public async Task Tag_OfAnotherModel_SaysWhatItIs(string checkpoint, string expected)
    {
        var run = await RunAsync(await shared.PushedAsync(checkpoint), "text");

        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    private async Task<JsonElement> AskAsync(TemporaryFolder folder, string mode)
    {
        var package = folder.At(mode);
        await ModelPackages.RunAsync(
            "protect", "--model", folder.At("plain"), "--output", package, "--mode", mode, "--name", $"tags-{mode}");
        await shared.Server.PushAsync(package);
        var run = await RunAsync(package, mode == "none" ? ["--json", "--allow-unprotected", Text] : ["--json", Text]);
        Assert.True(run.ExitCode == 0, run.Error);
        return JsonDocument.Parse(run.Output).RootElement;
    }

    private Task<ProgramRun> RunAsync(string package, params string[] arguments) => ProgramRun.RunAsync(
        "Stip.Gateway",
        [
            "tag", "--bundle", package, "--endpoint", shared.Server.Endpoint.ToString(),
            "--api-key", shared.Server.ApiKey, .. arguments,
        ]);

    private static JsonElement[] Items(JsonElement answer, string name) =>
        [.. answer.GetProperty(name).EnumerateArray()];

    private static string Words(JsonElement item) => string.Join(' ', new[] { "word", "start", "end", "label" }
        .Select(name => item.GetProperty(name).ToString()));
}
