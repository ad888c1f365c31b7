using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Client.Tokenization;
using Stip.EndToEnd.Kit;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.Programs.Tests.Commands;

/// <summary>What an encoder's files say of its texts, through a real server: a prompt before each, parts of a
/// text.</summary>
public sealed class TextSettingsTests(SharedServer shared) : IDisposable
{
    private const float LargestDifference = 1e-4f; // float32 sums in another order, on outputs of scale 1 to 10
    private const int Vocabulary = 4096;
    private const string Text = "A fox saw a crow.";

    // XLNet's: the class token stands behind the text, and is a part of its own.
    private const string Frame = """
        {"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}},
        {"SpecialToken":{"id":"[SEP]","type_id":0}},{"SpecialToken":{"id":"[CLS]","type_id":2}}],"pair":[],
        "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[2]},"[SEP]":{"id":"[SEP]","ids":[3]}}}
        """;

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Embed_OfAFolderWithADefaultPrompt_PutsItBeforeEveryText()
    {
        var checkpoint = Copy("stories-sentence");
        await File.WriteAllTextAsync(
            Path.Combine(checkpoint, "config_sentence_transformers.json"),
            """
            {"prompts": {"query": "The king said: ", "document": "A fable: "}, "default_prompt_name": "query"}
            """,
            Cancellation);
        var prompted = await PushedAsync(await ExportedAsync(checkpoint), "prompted");
        var bare = await shared.PushedAsync("stories-sentence");

        var found = Floats(await AskAsync(prompted, "embed", Text));

        AssertNear(Floats(await AskAsync(bare, "embed", $"The king said: {Text}")), found);
        Assert.NotEqual(Floats(await AskAsync(bare, "embed", Text)), found);
        var other = Floats(await AskAsync(bare, "embed", $"A fable: {Text}"));
        AssertNear(other, Floats(await AskAsync(prompted, "embed", Text, "--prompt-name", "document")));
        await using var gateway = await ServedGateway.StartAsync(shared.Server, [prompted], Cancellation);
        AssertNear(other, await EmbedAsync(gateway, new { model = "prompted", input = Text, input_type = "passage" }));
        AssertNear(found, await EmbedAsync(gateway, new { model = "prompted", input = Text, prompt_name = "query" }));
        AssertNear(found, await EmbedAsync(gateway, new { model = "prompted", input = Text }));
    }

    private static async Task<float[]> EmbedAsync(ServedGateway gateway, object body)
    {
        using var answer = await gateway.Http.PostAsJsonAsync(
            new Uri("embeddings", UriKind.Relative), body, Cancellation);
        var found = await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        return [.. found.GetProperty("data")[0].GetProperty("embedding").EnumerateArray()
            .Select(number => number.GetSingle())];
    }

    [Fact(Explicit = true)]
    [Trait("Category", "Slow")]
    public async Task Classify_ByAnXlnet_TellsThePartsOfTheTextApart()
    {
        var checkpoint = Copy("stories-bert");
        var recipe = JsonNode.Parse(await File.ReadAllBytesAsync(
            RepositoryRoot.At("tests", "data", "architectures", "readers.json"), Cancellation))!.AsArray()
            .Single(one => $"{one!["name"]}" == "xlnet-pair-class")!;
        recipe["config"]!["vocab_size"] = Vocabulary;
        recipe["tensors"]!["transformer.word_embedding.weight"]![2] = (long)Vocabulary;
        DrawnWeights.WriteCheckpoint(checkpoint, recipe["config"]!, recipe["tensors"]!.AsObject());
        var file = Path.Combine(checkpoint, "tokenizer.json");
        var tokenizer = JsonNode.Parse(await File.ReadAllBytesAsync(file, Cancellation))!;
        tokenizer["post_processor"] = JsonNode.Parse(Frame);
        await File.WriteAllTextAsync(file, tokenizer.ToJsonString(), Cancellation);
        var exported = await ExportedAsync(checkpoint);
        var package = await PushedAsync(exported, "parted");

        var found = (await AskAsync(package, "classify", Text)).GetProperty("logits").EnumerateArray()
            .Select(number => number.GetSingle()).ToArray();

        int[] ids = [.. TextTokenizer.FromFolder(checkpoint).Encode(Text), 3, 2];
        AssertNear(await PlainAsync(exported, ids, [.. Enumerable.Repeat(0L, ids.Length - 1), 2]), found);
        // As one part it is another text.
        var whole = await PlainAsync(exported, ids, new long[ids.Length]);
        Assert.Contains(whole.Zip(found), pair => MathF.Abs(pair.First - pair.Second) > 10 * LargestDifference);
    }

    // An output stands for the text; SigLIP's also sees what the text is filled up with, as it was trained.
    [Theory]
    [InlineData("DPRQuestionEncoder", false)]
    [InlineData("CLIPTextModel", false, Explicit = true, Traits = ["Category", "Slow"])]
    [InlineData("SiglipTextModel", true)]
    public async Task Embed_ByAModelWithAnOutputForTheText_GivesIt(string architecture, bool isFilled)
    {
        const int most = 24;
        var checkpoint = Copy("stories-bert");
        await File.WriteAllTextAsync(Path.Combine(checkpoint, "config.json"), $$"""
            {"architectures": ["{{architecture}}"], "vocab_size": {{Vocabulary}}, "hidden_size": 32,
             "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 4, "hidden_act": "gelu",
             "max_position_embeddings": {{most}}}
            """, Cancellation);
        await ModelPackages.RunAsync(
            "export", "--checkpoint", checkpoint, "--output", _folder.At("exported"), "--random-weights", "1");
        var package = await PushedAsync(_folder.At("exported"), $"pooled-{architecture.ToLowerInvariant()}");

        var answer = await AskAsync(package, "embed", Text);

        var ids = TextTokenizer.FromFolder(checkpoint).Encode(Text, addSpecialTokens: true);
        int[] seen = isFilled ? [.. ids, .. new int[most - ids.Length]] : [.. ids];
        AssertNear(await PlainAsync(_folder.At("exported"), seen, null, "pooler_output"), Floats(answer));
    }

    // Of the graph before it was protected, on this machine.
    private async Task<float[]> PlainAsync(string exported, int[] ids, long[]? types, string output = "logits")
    {
        long[] shape = [1, ids.Length];
        await File.WriteAllBytesAsync(_folder.At("given.safetensors"), SafetensorsWriter.ToBytes(
        [
            Source("input_ids", [.. ids.Select(id => (long)id)]),
            Source("attention_mask", [.. ids.Select(_ => 1L)]),
            .. types is null ? Array.Empty<SafetensorsWriter.Source>() : [Source("token_type_ids", types)],
        ]), Cancellation);
        await ModelPackages.RunAsync(
            "run", "--model", exported, "--inputs", _folder.At("given.safetensors"), "--output",
            _folder.At("got.safetensors"));
        using var got = SafetensorsFile.Open(_folder.At("got.safetensors"));
        return MemoryMarshal.Cast<byte, float>(got.Bytes(output)).ToArray();

        SafetensorsWriter.Source Source(string name, long[] values) => SafetensorsWriter.Source.FromBytes(
            name, TensorDtype.Int64, shape, MemoryMarshal.AsBytes<long>(values).ToArray());
    }

    private string Copy(string checkpoint)
    {
        var source = KnownCheckpoints.Folder(checkpoint);
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var target = _folder.At($"checkpoint/{Path.GetRelativePath(source, file)}");
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return _folder.At("checkpoint");
    }

    private async Task<string> ExportedAsync(string checkpoint)
    {
        await ModelPackages.RunAsync("export", "--checkpoint", checkpoint, "--output", _folder.At("exported"));
        return _folder.At("exported");
    }

    private async Task<string> PushedAsync(string exported, string name)
    {
        await ModelPackages.RunAsync(
            "protect", "--model", exported, "--output", _folder.At("package"), "--name", name);
        await shared.Server.PushAsync(_folder.At("package"));
        return _folder.At("package");
    }

    private async Task<JsonElement> AskAsync(string package, string command, string text, params string[] more)
    {
        var run = await ProgramRun.RunAsync(
            "Stip.Gateway",
            [
                command, "--bundle", package, "--endpoint", shared.Server.Endpoint.ToString(), "--api-key",
                shared.Server.ApiKey, "--json", .. more, text,
            ],
            cancellationToken: Cancellation);
        Assert.True(run.ExitCode == 0, run.Error);
        using var answer = JsonDocument.Parse(run.Output);
        return answer.RootElement.Clone();
    }

    private static float[] Floats(JsonElement answer) =>
        [.. answer.GetProperty("embeddings")[0].EnumerateArray().Select(number => number.GetSingle())];

    private static void AssertNear(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair =>
            Assert.InRange(MathF.Abs(pair.First - pair.Second), 0, LargestDifference));
    }
}
