using System.Globalization;
using System.Text.Json;
using Stip.EndToEnd.Tests.Fixtures;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Commands;

/// <summary><c>embed</c>, <c>classify</c>, <c>fill</c> and images in <c>chat</c> against a real server.</summary>
public sealed class EncoderCommandTests(SharedServer shared)
{
    private const float LargestDifference = 1e-5f; // float32 sums in another order, on outputs of scale 1

    [Fact]
    public async Task Classify_OfAnImage_EqualsTheReference()
    {
        var folder = KnownCheckpoints.Folder("digits-vit");
        var logits = EncoderCase.Load(folder)[1].Tensors["logits"].ToFloats();

        var answer = await AskAsync("digits-vit", "classify", "--image", Path.Combine(folder, "images/large_1501.png"));

        Assert.Equal("7", answer.GetProperty("labels")[0].GetProperty("label").GetString());
        AssertNear(logits, Floats(answer.GetProperty("logits")), scale: 10);
    }

    [Fact]
    public async Task Chat_AboutAnImage_AnswersAsTheReference()
    {
        var folder = KnownCheckpoints.Folder("digits-llava");
        using var golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "golden.json")));
        foreach (var reference in golden.RootElement.GetProperty("cases").EnumerateArray().Take(2))
        {
            var answer = await AskAsync(
                "digits-llava",
                "chat",
                "--image", Path.Combine(folder, reference.GetProperty("image").GetString()!),
                reference.GetProperty("question").GetString()!);

            Assert.Equal(reference.GetProperty("answer").GetString(), answer.GetProperty("text").GetString());
        }
    }

    [Fact]
    public async Task Embed_Protected_EqualsUnprotected()
    {
        string[] texts = ["A fox saw a crow.", "", string.Concat(Enumerable.Repeat("The hare and the tortoise. ", 30))];

        var hidden = await AskAsync("stories-sentence", "embed", texts);
        var open = await AskAsync("stories-sentence", "embed", ["--allow-unprotected", .. texts], mode: "none");
        var alone = await AskAsync("stories-sentence", "embed", texts[0]);

        var vectors = hidden.GetProperty("embeddings").EnumerateArray().Select(Floats).ToList();
        Assert.Equal(3, vectors.Count);
        foreach (var (vector, plain) in vectors.Zip(open.GetProperty("embeddings").EnumerateArray().Select(Floats)))
        {
            AssertNear(plain, vector);
            Assert.InRange(MathF.Sqrt(vector.Sum(value => value * value)), 1 - 1e-5f, 1 + 1e-5f);
        }

        AssertNear(vectors[0], Floats(alone.GetProperty("embeddings")[0]));
    }

    [Fact]
    public async Task Fill_Protected_EqualsUnprotected()
    {
        const string text = "Once upon a [MASK] there was a king who had three [MASK].";

        var hidden = await AskAsync("stories-bert", "fill", "--top", "3", text);
        var open = await AskAsync("stories-bert", "fill", ["--allow-unprotected", "--top", "3", text], mode: "none");

        var masks = hidden.GetProperty("masks").EnumerateArray().ToList();
        Assert.Equal([4, 12], masks.Select(mask => mask.GetProperty("position").GetInt32()));
        Assert.Equal(Tokens(open), Tokens(hidden));
        Assert.Equal(3, masks[0].GetProperty("candidates").GetArrayLength());
    }

    [Theory]
    [InlineData("stories-bert", "classify", "Once", "fills masks of texts; classify needs a classifier")]
    [InlineData("stories-bert", "fill", "no mask here", "no [MASK] to fill")]
    [InlineData("digits-vit", "embed", "text", "takes images, not texts")]
    [InlineData("digits-vit", "chat", "text", "generates no text")]
    [InlineData("stories-sentence", "fill", "a [MASK]", "gives last_hidden_state; fill needs logits")]
    public async Task Command_OnAnotherKindOfModel_SaysWhatItIs(
        string checkpoint, string command, string prompt, string expected)
    {
        var run = await RunAsync(checkpoint, command, [prompt], "permutation");

        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    private async Task<JsonElement> AskAsync(string checkpoint, string command, params string[] arguments) =>
        await AskAsync(checkpoint, command, arguments, "permutation");

    private async Task<JsonElement> AskAsync(string checkpoint, string command, string[] arguments, string mode)
    {
        var run = await RunAsync(checkpoint, command, ["--json", .. arguments], mode);
        Assert.Equal(0, run.ExitCode);
        if (mode == "none")
        {
            Assert.StartsWith("warning: ", run.Error, StringComparison.Ordinal);
            Assert.Contains("is not protected", run.Error, StringComparison.Ordinal);
        }
        else
        {
            Assert.Empty(run.Error);
        }

        return JsonDocument.Parse(run.Output).RootElement;
    }

    private async Task<ProgramRun> RunAsync(string checkpoint, string command, string[] arguments, string mode)
    {
        var package = await shared.PushedAsync(checkpoint, mode);
        return await ProgramRun.RunAsync(
            "Stip.Gateway",
            [
                command, "--bundle", package, "--endpoint", shared.Server.Endpoint.ToString(),
                "--api-key", shared.Server.ApiKey, .. arguments,
            ],
            cancellationToken: TestContext.Current.CancellationToken);
    }

    private static IEnumerable<string> Tokens(JsonElement answer) =>
        from mask in answer.GetProperty("masks").EnumerateArray()
        from candidate in mask.GetProperty("candidates").EnumerateArray()
        select string.Create(
            CultureInfo.InvariantCulture,
            $"{candidate.GetProperty("token").GetString()} {candidate.GetProperty("score").GetSingle():F4}");

    private static float[] Floats(JsonElement numbers) =>
        [.. numbers.EnumerateArray().Select(number => number.GetSingle())];

    private static void AssertNear(float[] expected, float[] actual, float scale = 1)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair =>
            Assert.InRange(MathF.Abs(pair.First - pair.Second), 0, scale * LargestDifference));
    }
}
