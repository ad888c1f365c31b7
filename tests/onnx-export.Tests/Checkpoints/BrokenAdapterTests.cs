using System.Text.Json.Nodes;
using Stip.Onnx;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints;

/// <summary>Adapters that no merge can take are refused in one line.</summary>
public sealed class BrokenAdapterTests(ExportedModels models) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("""{"rank_pattern": {"q_proj(": 3}}""", "'q_proj(' is no regular expression")]
    [InlineData("""{"alpha_pattern": {"([a-z._0-9]+)+[A-Z]": 3}}""", "takes too long to compare with 'model.layers.0.")]
    public Task Export_WithAPatternThatCannotBeMatched_IsRefused(string fields, string reason) =>
        AssertRefusedAsync(reason, fields, "model.layers.0.self_attn.q_proj", [3, 64], [64, 3]);

    [Fact]
    public Task Export_WithAFactorThatIsNoMatrix_IsRefused() => AssertRefusedAsync(
        "q_proj.lora_A.weight' has shape [] and changes one of [64, 64]; both must be matrices",
        "{}", "model.layers.0.self_attn.q_proj", [], [64, 3]);

    [Fact]
    public Task Export_WithAnAdaptedVector_IsRefused() => AssertRefusedAsync(
        "norm.lora_A.weight' has shape [3, 64] and changes one of [64]; both must be matrices",
        "{}", "model.norm", [3, 64], [64, 3]);

    public void Dispose() => _folder.Dispose();

    private async Task AssertRefusedAsync(string reason, string fields, string module, long[] first, long[] second)
    {
        var config = JsonNode.Parse(fields)!;
        (config["peft_type"], config["r"]) = ("LORA", 3);
        File.WriteAllText(_folder.At("adapter_config.json"), config.ToJsonString());
        using (var stream = File.Create(_folder.At("adapter_model.safetensors")))
        {
            SafetensorsWriter.Write(stream, [Zeros("A", first), Zeros("B", second)]);
        }

        var refused = await Assert.ThrowsAsync<RefusedException>(() => models.ExportAsync(
            KnownCheckpoints.Folder("tiny-llama2-7b"), TensorDtype.Float32, adapters: [_folder.Path]));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);

        SafetensorsWriter.Source Zeros(string letter, long[] shape) => SafetensorsWriter.Source.FromBytes(
            $"base_model.model.{module}.lora_{letter}.weight",
            TensorDtype.Float32,
            shape,
            new byte[4 * shape.Aggregate(1L, (all, size) => all * size)]);
    }
}
