using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Stip.EndToEnd.Kit;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.Programs.Tests.Commands;

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

    // What sentence-transformers gives: a text of no words and one that is cut are among them.
    [Fact]
    public async Task Embed_OfEveryText_EqualsTheReference()
    {
        var folder = KnownCheckpoints.Folder("stories-sentence");
        using var golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "golden.json")));
        string[] texts =
            [.. golden.RootElement.GetProperty("texts").EnumerateArray().Select(text => text.GetString()!)];
        Assert.Contains("", texts);

        var hidden = await AskAsync("stories-sentence", "embed", texts);
        var open = await AskAsync("stories-sentence", "embed", ["--allow-unprotected", .. texts], mode: "none");
        var alone = await AskAsync("stories-sentence", "embed", texts[0]);

        using var tensors = SafetensorsFile.Open(Path.Combine(folder, "golden.safetensors"));
        var reference = MemoryMarshal.Cast<byte, float>(tensors.Bytes("embeddings")).ToArray();
        var expected = reference.Chunk(reference.Length / texts.Length).ToList();
        foreach (var answer in new[] { hidden, open })
        {
            var vectors = answer.GetProperty("embeddings").EnumerateArray().Select(Floats).ToList();
            Assert.Equal(texts.Length, vectors.Count);
            Assert.All(expected.Zip(vectors), pair => AssertNear(pair.First, pair.Second));
        }

        AssertNear(expected[0], Floats(alone.GetProperty("embeddings")[0]));
    }

    [Fact]
    public async Task Fill_OfEveryText_GivesTheReferenceWords()
    {
        var folder = KnownCheckpoints.Folder("stories-bert");
        using var golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "golden.json")));
        foreach (var reference in golden.RootElement.GetProperty("cases").EnumerateArray().Take(2))
        {
            var text = reference.GetProperty("text").GetString()!;

            var hidden = await AskAsync("stories-bert", "fill", "--top", "5", text);
            var open = await AskAsync(
                "stories-bert", "fill", ["--allow-unprotected", "--top", "5", text], mode: "none");

            var masks = hidden.GetProperty("masks").EnumerateArray().ToList();
            Assert.Equal(
                reference.GetProperty("masks").EnumerateArray().Select(place => place.GetInt32()),
                masks.Select(mask => mask.GetProperty("position").GetInt32()));
            Assert.Equal(
                reference.GetProperty("top5").EnumerateArray()
                    .SelectMany(words => words.EnumerateArray()).Select(word => word.GetString()),
                masks.SelectMany(mask => mask.GetProperty("candidates").EnumerateArray())
                    .Select(candidate => candidate.GetProperty("token").GetString()));
            Assert.Equal(Tokens(open), Tokens(hidden));
        }
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
