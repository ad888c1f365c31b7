using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json;
using Stip.EndToEnd.Kit;
using Stip.Programs.Tests.Samples;
using Stip.TestKit;

namespace Stip.Programs.Tests.Commands;

/// <summary>Embeddings and images through the OpenAI-compatible server in front of a real Stip.Api.</summary>
public sealed class ServeEncoderTests(SharedServer shared)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Serve_EmbeddingsAndImages_AnswersBoth()
    {
        await using var gateway = await ServedGateway.StartAsync(
            shared, ["stories-sentence", "digits-llava"], Cancellation);

        var models = await gateway.Http.GetFromJsonAsync<JsonElement>(
            new Uri("models", UriKind.Relative), Cancellation);
        Assert.Equal(2, models.GetProperty("data").GetArrayLength());
        await EmbedsAsync(gateway.Http);
        await SeesAsync(gateway.Http);
        await RefusesAsync(gateway.Http);
        await SearchesAsync(gateway.Http);
    }

    private static async Task EmbedsAsync(HttpClient http)
    {
        string[] input = ["A fox saw a crow.", ""];
        var floats = await PostAsync(http, "embeddings", new { model = "stories-sentence", input });
        var coded = await PostAsync(
            http, "embeddings", new { model = "stories-sentence", input, encoding_format = "base64" });

        Assert.True(floats.GetProperty("usage").GetProperty("prompt_tokens").GetInt32() > 4);
        for (var i = 0; i < input.Length; i++)
        {
            var expected = Vector(floats, i).EnumerateArray().Select(value => value.GetSingle());
            var bytes = Convert.FromBase64String(Vector(coded, i).GetString()!);
            Assert.Equal(expected, MemoryMarshal.Cast<byte, float>(bytes).ToArray());
        }
    }

    private static async Task SeesAsync(HttpClient http)
    {
        var image = Path.Combine(KnownCheckpoints.Folder("digits-llava"), "images", "1.png");
        var url = $"data:image/png;base64,{Convert.ToBase64String(await File.ReadAllBytesAsync(image, Cancellation))}";
        object[] content =
        [
            new { type = "image_url", image_url = new { url } },
            new { type = "text", text = "What is the sum of the digits?" },
        ];

        var answer = await PostAsync(http, "chat/completions", new
        {
            model = "digits-llava",
            temperature = 0,
            messages = new[] { new { role = "user", content } },
        });

        var message = answer.GetProperty("choices")[0].GetProperty("message");
        Assert.Equal("25", message.GetProperty("content").GetString());
        Assert.Equal(34, answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    private static async Task RefusesAsync(HttpClient http)
    {
        object elsewhere = new { type = "image_url", image_url = new { url = "http://127.0.0.1/x.png" } };
        object[] messages = [new { role = "user", content = new[] { elsewhere } }];
        (string Route, object Body, string Code)[] refused =
        [
            ("embeddings", new { model = "stories-sentence", input = new[] { 1, 2 } }, "unsupported_parameter"),
            ("embeddings", new { model = "stories-sentence", input = "x", dimensions = 3 }, "unsupported_parameter"),
            ("embeddings", new { model = "digits-llava", input = "x" }, "unsupported_parameter"),
            ("embeddings", new { model = "stories-sentence", input = "x", prompt_name = "query" },
                "unsupported_parameter"),
            ("embeddings", new { model = "stories-sentence", input = "x", input_type = "clustering" },
                "unsupported_parameter"),
            ("embeddings", new { model = "nothing", input = "x" }, "model_not_found"),
            ("chat/completions", new { model = "digits-llava", messages }, "unsupported_parameter"),
        ];
        foreach (var (route, body, code) in refused)
        {
            using var answer = await http.PostAsJsonAsync(new Uri(route, UriKind.Relative), body, Cancellation);
            var error = await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
            Assert.Equal(code, error.GetProperty("error").GetProperty("code").GetString());
            Assert.NotEqual(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    private static async Task SearchesAsync(HttpClient http)
    {
        using var folder = new TemporaryFolder();
        var texts = Directory.CreateDirectory(folder.At("texts")).FullName;
        await File.WriteAllTextAsync(
            Path.Combine(texts, "a.txt"), "A fox saw a crow.\n\nThe hare slept.", Cancellation);
        string[] shared =
        [
            "--gateway", http.BaseAddress!.ToString().TrimEnd('/'), "--model", "stories-sentence",
            "--index", folder.At("index.json"),
        ];

        var indexed = await SampleProgram.RunAsync(
            "python3", "python/search.py", ["index", .. shared, "--folder", texts], Cancellation);
        var found = await SampleProgram.RunAsync(
            "python3", "python/search.py", ["query", .. shared, "--top", "1", "The hare slept."], Cancellation);

        Assert.Equal((0, "2 paragraphs"), (indexed.ExitCode, indexed.Output));
        Assert.Equal((0, "1.000  a.txt  The hare slept."), (found.ExitCode, found.Output));
    }

    private static JsonElement Vector(JsonElement answer, int index) =>
        answer.GetProperty("data")[index].GetProperty("embedding");

    private static async Task<JsonElement> PostAsync(HttpClient http, string route, object body)
    {
        using var answer = await http.PostAsJsonAsync(new Uri(route, UriKind.Relative), body, Cancellation);
        var text = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }
}
