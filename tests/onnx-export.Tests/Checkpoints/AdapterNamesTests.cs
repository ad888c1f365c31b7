using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Onnx;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints;

/// <summary>Models that also see were saved under several names, and so were adapters of them: transformers brings both
/// to one name when it loads them.</summary>
public sealed class AdapterNamesTests(ExportedModels models) : IDisposable
{
    private const int Rank = 2;
    private const int Hidden = 24;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("gemma3-sees", "language_model.model.", "model.language_model.")]
    [InlineData("gemma3-sees", "model.language_model.", "language_model.model.")]
    [InlineData("qwen2_5-vl", "model.", "model.language_model.")]
    [InlineData("qwen2_5-vl", "model.language_model.", "model.")]
    [InlineData("mistral3-sees", "language_model.model.", "model.language_model.", "language_model.lm_head", "lm_head")]
    [InlineData("mistral3-sees", "model.language_model.", "language_model.model.", "lm_head", "language_model.lm_head")]
    public async Task Export_WithAnAdapterOfOtherNames_IsThatOfTheModelsOwnNames(
        string name, string own, string other, string? ownHead = null, string? otherHead = null)
    {
        var source = WriteModel(name, own, ownHead);
        var expected = Weights(await ExportAsync(source, own, ownHead));

        Assert.Equal(expected, Weights(await ExportAsync(source, other, otherHead)));
        Assert.NotEqual(expected, Weights(await models.ExportAsync(source, TensorDtype.Float32)));
    }

    [Fact]
    public async Task Export_OfATextModelWithAnAdapterOfOneThatSees_IsRefused() => Assert.Contains(
        "belongs to nothing in this model",
        (await Assert.ThrowsAsync<RefusedException>(() => ExportAsync(
            KnownCheckpoints.Folder("tiny-llama2-7b"), "model.language_model.", head: null, hidden: 64))).Message,
        StringComparison.Ordinal);

    public void Dispose() => _folder.Dispose();

    private static byte[] Weights(string folder) => File.ReadAllBytes(Path.Combine(folder, "model.onnx.data"));

    private string WriteModel(string name, string prefix, string? head)
    {
        var recipe = JsonNode.Parse(File.ReadAllText(
            RepositoryRoot.At("tests", "data", "architectures", "neighbours.json")))!.AsArray()
            .First(recipe => $"{recipe!["name"]}" == name)!;
        var source = Directory.CreateDirectory(_folder.At("source")).FullName;
        DrawnWeights.WriteCheckpoint(
            source, recipe["config"]!, recipe["tensors"]!.AsObject(), tensor => tensor
                .Replace("model.language_model.", prefix, StringComparison.Ordinal)
                .Replace("language_model.model.", prefix, StringComparison.Ordinal)
                .Replace("language_model.lm_head", head ?? "lm_head", StringComparison.Ordinal));
        return source;
    }

    // Of one projection, and of the head where there is one.
    private Task<string> ExportAsync(string source, string prefix, string? head, int hidden = Hidden)
    {
        var adapter = Directory.CreateDirectory(_folder.At(Guid.NewGuid().ToString("N"))).FullName;
        File.WriteAllBytes(Path.Combine(adapter, "adapter_config.json"), JsonSerializer.SerializeToUtf8Bytes(
            new { peft_type = "LORA", r = Rank, lora_alpha = 8 }));
        using (var stream = File.Create(Path.Combine(adapter, "adapter_model.safetensors")))
        {
            SafetensorsWriter.Write(stream, [
                .. Factors($"{prefix}layers.0.mlp.down_proj", [Rank, 40], [hidden, Rank]),
                .. head is null ? [] : Factors(head, [Rank, hidden], [37, Rank]),
            ]);
        }

        return models.ExportAsync(source, TensorDtype.Float32, adapters: [adapter]);
    }

    private static IEnumerable<SafetensorsWriter.Source> Factors(string module, long[] first, long[] second) =>
        new[] { ("A", first), ("B", second) }.Select(factor => SafetensorsWriter.Source.FromBytes(
            $"base_model.model.{module}.lora_{factor.Item1}.weight",
            TensorDtype.Float32,
            factor.Item2,
            MemoryMarshal.AsBytes<float>(DrawnWeights.Draw(factor.Item1, factor.Item2, 0.5f, 0)).ToArray()));
}
