using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Stip.Client.Generation;
using Stip.Client.Generation.Beams;
using Stip.Client.Images;
using Stip.EndToEnd.Kit;
using Stip.EndToEnd.Tests.Fixtures;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>Encoders of images with decoders, from their checkpoint to their words: served = plain.</summary>
public sealed class CaptionTests(SharedServer shared)
{
    private const int Side = 16;
    private const int TokenCount = 10;
    private const float LargestDifference = 1e-4f; // float32 sums in another order, on logits of scale 10

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("trocr")] // an encoder of another width than its decoder
    [InlineData("donut", Explicit = true, Traits = ["Category", "Slow"])] // windows that halve the rows
    [InlineData("caption-gpt2", Explicit = true, Traits = ["Category", "Slow"])]
    [InlineData("blip-caption")]
    public async Task Generate_AboutAnImage_IsThePlainModelsText(string recipe)
    {
        using var model = await CaptionModel.PushAsync(shared.Server, recipe);
        using var open = OpenModel.Open(shared.Server, model.Package);
        using var plain = new BareSequence(model.Plain);
        var (image, sight) = (Picture(1), new ImageSight(open.Model));

        var prompt = await sight.PlaceAsync(default, [image], Cancellation);
        var begun = await sight.PlaceAsync(new[] { 9, 4 }, [Picture(2)], Cancellation);
        var task = await sight.PlaceAsync(new[] { 2, 4 }, [image], Cancellation);

        Assert.Equal([5], prompt.TokenIds.ToArray());
        Assert.Equal([5, 9, 4], begun.TokenIds.ToArray());
        // A special token is a start of its own, as Donut's tasks are.
        Assert.Equal([2, 4], task.TokenIds.ToArray());
        Assert.Equal([1], open.Model.Bundle.Manifest.EosTokenIds);
        var expected = plain.Greedy(Pixels(model, image), [5], TokenCount);
        Assert.Equal(expected, await GreedyAsync(open.Model, prompt));
        // A small model may say one word about everything: its logits tell images apart.
        var rows = await RowsAsync(open.Model, prompt, await sight.PlaceAsync(default, [Picture(2)], Cancellation));
        foreach (var (row, seed) in rows.Zip([1, 2]))
        {
            _ = plain.Greedy(Pixels(model, Picture(seed)), [5], 1);
            Assert.All(plain.LastRow.Zip(row), pair => Assert.Equal(pair.First, pair.Second, LargestDifference));
        }

        Assert.True(rows[0].Zip(rows[1]).Max(pair => MathF.Abs(pair.First - pair.Second)) > 10 * LargestDifference);
        Assert.Equal(
            plain.Greedy(Pixels(model, Picture(2)), [5, 9, 4], TokenCount), await GreedyAsync(open.Model, begun));
        Assert.Equal(plain.Greedy(Pixels(model, image), [2, 4], TokenCount), await GreedyAsync(open.Model, task));
        var beams = new BeamOptions { Beams = 2, MaxNewTokens = TokenCount, IgnoreEndOfSequence = true };
        var found = await open.Model.SearchAsync(prompt.TokenIds, beams, prompt.Rows, Cancellation);
        Assert.Equal(TokenCount, found.Answers[0].TokenIds.Count);
    }

    [Fact]
    public async Task Gateway_AboutAnImage_AnswersFromTheCommandLineAndOverHttp()
    {
        using var model = await CaptionModel.PushAsync(shared.Server, "caption-bert");
        using var open = OpenModel.Open(shared.Server, model.Package);
        using var plain = new BareSequence(model.Plain);
        using var folder = new TemporaryFolder();
        var file = Bitmap(3);
        File.WriteAllBytes(folder.At("image.bmp"), file);
        var pixels = Pixels(model, ImageReader.Decode(file));
        int[] beginning = open.Model.Bundle.Tokenizer!.Encode("a");
        string[] connection =
        [
            "--bundle", model.Package, "--endpoint", shared.Server.Endpoint.ToString(),
            "--api-key", shared.Server.ApiKey,
        ];

        var bare = await RunAsync(
            "complete", [.. connection, "--image", folder.At("image.bmp"), "--json", "--ignore-eos",
            "--max-tokens", $"{TokenCount}"]);
        var without = await RunAsync("complete", [.. connection, "a"]);
        var spoken = await RunAsync(
            "complete", [.. connection, "--image", folder.At("image.bmp"), "--target-language", "fr_XX"]);
        await using var gateway = await ServedGateway.StartAsync(shared.Server, [model.Package], Cancellation);
        var url = $"data:image/bmp;base64,{Convert.ToBase64String(file)}";
        object picture = new { type = "image_url", image_url = new { url } };
        var answer = await PostAsync(gateway, 2, picture, new { type = "text", text = "a" });
        var two = await PostAsync(gateway, 1, picture, picture);
        var none = await PostAsync(gateway, 1, new { type = "text", text = "a" });
        using var ids = await gateway.Http.PostAsJsonAsync(
            new Uri("completions", UriKind.Relative), new { model = "caption-bert", prompt = new[] { 9, 4 } },
            Cancellation);

        Assert.Equal((0, 1, 1), (bare.ExitCode, without.ExitCode, spoken.ExitCode));
        Assert.Equal(HttpStatusCode.BadRequest, ids.StatusCode);
        Assert.Contains("is told no language: leave out 'fr_XX'", spoken.Error, StringComparison.Ordinal);
        Assert.Equal(
            plain.Greedy(pixels, [5], TokenCount),
            JsonNode.Parse(bare.Output)!["token_ids"]!.AsArray().Select(id => (int)id!));
        Assert.Contains("writes about an image: give one", without.Error, StringComparison.Ordinal);
        var expected = plain.Greedy(pixels, [5, .. beginning], TokenCount);
        Assert.Equal(
            Enumerable.Repeat(open.Model.Bundle.Tokenizer.Decode(expected), 2),
            answer["choices"]!.AsArray().Select(choice => (string?)choice!["message"]!["content"]));
        Assert.Equal(1 + beginning.Length, (int)answer["usage"]!["prompt_tokens"]!);
        Assert.Contains(
            "reads one image of a request, more are given", (string?)two["error"]!["message"],
            StringComparison.Ordinal);
        Assert.Contains("writes about an image", (string?)none["error"]!["message"], StringComparison.Ordinal);
    }

    private static Task<ProgramRun> RunAsync(string command, string[] arguments) =>
        ProgramRun.RunAsync("Stip.Gateway", [command, .. arguments], cancellationToken: Cancellation);

    private static async Task<JsonNode> PostAsync(ServedGateway gateway, int count, params object[] content)
    {
        var body = new Dictionary<string, object>
        {
            ["model"] = "caption-bert",
            ["messages"] = new[] { new { role = "user", content } },
            ["temperature"] = 0,
            ["ignore_eos"] = true,
            ["max_tokens"] = TokenCount,
            ["n"] = count,
        };
        using var answer = await gateway.Http.PostAsJsonAsync(
            new Uri("chat/completions", UriKind.Relative), body, Cancellation);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancellation))!;
    }

    // 24 bits a pixel, without compression.
    private static byte[] Bitmap(int seed)
    {
        const int Head = 54;
        var file = new byte[Head + (Side * Side * 3)];
        new Random(seed).NextBytes(file);
        file.AsSpan(0, Head).Clear();
        "BM"u8.CopyTo(file);
        int[] numbers = [file.Length, 0, Head, 40, Side, Side, 1 | (24 << 16)];
        MemoryMarshal.AsBytes<int>(numbers).CopyTo(file.AsSpan(2));
        return file;
    }

    private static async Task<float[][]> RowsAsync(StipModel model, params ImagePrompt[] prompts)
    {
        var rows = new List<float[]>();
        foreach (var prompt in prompts)
        {
            await using var session = model.OpenSession(placed: prompt.Rows);
            rows.Add((await session.AppendAsync(prompt.TokenIds, cancellationToken: Cancellation)).Values.ToArray());
        }

        return [.. rows];
    }

    private static async Task<int[]> GreedyAsync(StipModel model, ImagePrompt prompt)
    {
        var options = new GenerationOptions { MaxNewTokens = TokenCount, IgnoreEndOfSequence = true };
        var ids = new List<int>();
        await foreach (var token in model.GenerateWithImagesAsync(prompt, options, Cancellation))
        {
            ids.Add(token.Id);
        }

        return [.. ids];
    }

    private static RgbImage Picture(int seed)
    {
        var pixels = new byte[20 * 24 * 3];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(20, 24, pixels);
    }

    private static float[] Pixels(CaptionModel model, RgbImage image) =>
        ImagePreprocessor.FromFolder(model.Plain, Side, Side).Apply(image).Values;
}
