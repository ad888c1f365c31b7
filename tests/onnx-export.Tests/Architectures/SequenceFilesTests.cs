using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>Checkpoints of encoders and decoders as several versions of transformers save them.</summary>
public sealed class SequenceFilesTests(ExportedModels models) : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private int _sources;

    [Theory]
    [InlineData("t5", "shared.weight", "decoder.embed_tokens.weight")]
    [InlineData("t5", "shared.weight", "lm_head.weight")]
    [InlineData("bart", "model.shared.weight", "model.decoder.embed_tokens.weight")]
    [InlineData("bart", "model.shared.weight", "lm_head.weight")]
    [InlineData("whisper", "model.decoder.embed_tokens.weight", "proj_out.weight")]
    public async Task Export_OfTheTableUnderAnotherName_GivesTheSameGraphs(string name, string table, string other)
    {
        var expected = await ExportAsync(name);

        AssertSame(expected, await ExportAsync(name, tensors: Under(name, table, other)));
        AssertSame(expected, await ExportAsync(name, tensors: [.. Under(name, table, other), (table, table)]));
    }

    [Theory]
    [InlineData("bart", "model.shared.weight", "model.decoder.embed_tokens.weight")]
    [InlineData("t5", "shared.weight", "encoder.embed_tokens.weight")]
    public async Task Export_OfTwoTablesThatDiffer_IsRefused(string name, string table, string other)
    {
        var error = await Assert.ThrowsAsync<RefusedException>(
            () => ExportAsync(name, tensors: [.. Under(name), (other, other)]));

        Assert.Contains($"tensors '{table}' and '{other}' differ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mbart", "lm_head.weight")]
    [InlineData("whisper", "proj_out.weight")]
    public async Task Export_OfAHeadThatIsNotTheTable_TakesIt(string name, string head)
    {
        var tensors = Under(name).Append((head, head)).ToArray();

        AssertSame(
            await ExportAsync(name, """{"tie_word_embeddings": false}""", tensors),
            await ExportAsync(name, """{"tie_word_embeddings": true}""", tensors));
    }

    // Version 5 writes that T5 is tied, whatever its head is, and keeps what the flag meant under another name.
    [Theory]
    [InlineData("mt5", """{"tie_word_embeddings": true}""")]
    [InlineData("umt5", """{"tie_word_embeddings": true}""")]
    [InlineData("mt5", """
        {"tie_word_embeddings": true, "scale_decoder_outputs": false, "architectures": ["T5ForConditionalGeneration"]}
        """)]
    [InlineData("t5", """{"tie_word_embeddings": true, "scale_decoder_outputs": true}""")]
    [InlineData("t5", """{"architectures": ["T5WithLMHeadModel"]}""")]
    public async Task Export_OfT5AsOtherVersionsSaveIt_GivesTheSameGraphs(string name, string config) =>
        AssertSame(await ExportAsync(name), await ExportAsync(name, config));

    [Fact]
    public async Task Export_OfT5WithFewPositions_GivesTheSameGraphs() =>
        AssertSame(await ExportAsync("t5"), await ExportAsync("t5", """{"n_positions": 4}"""));

    [Theory]
    [InlineData("relative_attention_max_distance", 4)]
    [InlineData("relative_attention_max_distance", 1 << 30)]
    [InlineData("relative_attention_num_buckets", 1)]
    public async Task Export_OfDistancesThatCannotBe_IsRefused(string field, int value)
    {
        var error = await Assert.ThrowsAsync<RefusedException>(
            () => ExportAsync("t5", $$"""{"{{field}}": {{value}}}"""));

        Assert.Contains($"config.json: {field} is {value}; it must be", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_OfM2MWithAnotherPadding_CountsFromTheRowAfterIt()
    {
        var exported = await ExportAsync("m2m", """{"pad_token_id": 4}""");
        var rows = new float[32 * 24];
        new WavePositions(32, 24, First: 5, Steps: 11).Read(0, rows);

        var written = File.ReadAllBytes(Path.Combine(exported, "encoder_model.onnx.data"));

        Assert.True(written.AsSpan().IndexOf(MemoryMarshal.AsBytes(rows.AsSpan())) >= 0);
    }

    [Fact]
    public async Task Export_OfMorePositionsThanATableMayHave_IsRefused()
    {
        var error = await Assert.ThrowsAsync<RefusedException>(
            () => ExportAsync("marian", """{"max_position_embeddings": 1073741824}"""));

        Assert.Contains("1073741824 positions", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    // What the recipe has, one tensor of it perhaps under another name.
    private static (string Stored, string Drawn)[] Under(string name, string? tensor = null, string? stored = null) =>
        [.. Recipe(name)["tensors"]!.AsObject().Select(
            entry => (entry.Key == tensor ? stored! : entry.Key, entry.Key))];

    private async Task<string> ExportAsync(
        string name, string config = "{}", (string Stored, string Drawn)[]? tensors = null)
    {
        var recipe = Recipe(name);
        var source = Directory.CreateDirectory(_folder.At($"source{_sources++}")).FullName;
        foreach (var (field, value) in JsonNode.Parse(config)!.AsObject())
        {
            recipe["config"]![field] = value?.DeepClone();
        }

        File.WriteAllText(Path.Combine(source, "config.json"), recipe["config"]!.ToJsonString());
        using (var stream = File.Create(Path.Combine(source, "model.safetensors")))
        {
            SafetensorsWriter.Write(stream, [.. (tensors ?? Under(name)).Select(tensor => Source(recipe, tensor))]);
        }

        return await models.ExportAsync(source, TensorDtype.Float32);
    }

    private static SafetensorsWriter.Source Source(JsonNode recipe, (string Stored, string Drawn) tensor)
    {
        var (shape, values) = DrawnWeights.Draw(
            tensor.Drawn, recipe["tensors"]![tensor.Drawn] ?? JsonNode.Parse("[1, 0, 37, 24]")!);
        return new SafetensorsWriter.Source(
            tensor.Stored,
            TensorDtype.Float32,
            shape,
            target => target.Write(MemoryMarshal.AsBytes(values.AsSpan())));
    }

    private static void AssertSame(string expected, string actual) => Assert.All(
        Directory.GetFiles(expected, "*.onnx*"),
        file => Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(actual, Path.GetFileName(file)))));

    private static JsonNode Recipe(string name) => JsonSerializer.Deserialize<JsonArray>(File.ReadAllBytes(
        RepositoryRoot.At("tests", "data", "architectures", "sequences.json")))!
        .First(recipe => $"{recipe!["name"]}" == name)!;
}
