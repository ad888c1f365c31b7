using System.Text.Json.Nodes;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints.Gguf;

/// <summary>What a file says of its model and its family does not read would be missing.</summary>
public sealed class GgufUnreadKeysTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("qwen3", "attention.temperature_scale", "0.1", "0.1, which is not supported for a 'qwen3'; it must be "
        + "absent or 0")]
    [InlineData("llama", "embedding_scale", "12.0", "12, which is not supported for a 'llama'; it must be absent or 0 "
        + "or 1")]
    [InlineData("llama", "final_logit_softcapping", "30.0", "30, which is not supported for a 'llama'; it must be "
        + "absent or 0")]
    [InlineData("qwen2", "rope.scaling.attn_factor", "1.5", "1.5, which is not supported for a 'qwen2'; it must be "
        + "absent or 0 or 1")]
    [InlineData("llama-moe", "expert_weights_scale", "2.5", "2.5, which is not supported for a 'llama'; it must be "
        + "absent or 0 or 1")]
    [InlineData("olmo3", "rope.freq_base_swa", "500.0", "500, which is not supported for a 'olmo2'; it must be absent "
        + "or olmo2.rope.freq_base")]
    [InlineData("llama", "attention.causal", "false", "false: rows of this model see what follows, which is not "
        + "supported for a 'llama'; it must be true or absent")]
    public void Open_OfAFileWithAKeyThatItsFamilyDoesNotRead_IsRefused(
        string name, string key, string value, string reason)
    {
        var family = GgufFamilyTests.Copy(name);
        family["metadata"]![key] = JsonNode.Parse(value);
        GgufFamilyTests.Write(family, _folder.At("a.gguf"));

        var refused = Assert.Throws<RefusedException>(() => Checkpoint.Open(_folder.At("a.gguf"), null));

        Assert.Equal($"a.gguf: {family["architecture"]}.{key} is {reason}", refused.Message);
    }

    [Theory]
    [InlineData("qwen3", "attention.temperature_scale", "0.0")]
    [InlineData("llama", "embedding_scale", "1.0")]
    [InlineData("llama", "attention.causal", "true")]
    [InlineData("llama", "expert_weights_scale", "2.5")] // there are no experts
    [InlineData("granite", "embedding_scale", "12.0")]
    [InlineData("olmo3", "rope.freq_base_swa", "10000.0")]
    public void Open_OfAFileWhoseKeyChangesNothingOrIsRead_IsNot(string name, string key, string value)
    {
        var family = GgufFamilyTests.Copy(name);
        family["metadata"]![key] = JsonNode.Parse(value);
        GgufFamilyTests.Write(family, _folder.At("a.gguf"));

        Checkpoint.Open(_folder.At("a.gguf"), null).Dispose();
    }

    [Theory]
    [InlineData("rope.scaling.attn_factor", "1.25", "rope.scaling.attn_factor is 1.25 beside a yarn_log_multiplier")]
    [InlineData("attention.temperature_length", "16", "attention.temperature_length is 16; it must be "
        + "rope.scaling.original_context_length, 8")]
    public void Open_OfADeepSeekWithWhatIsNotSupported_IsRefused(string key, string value, string reason)
    {
        var family = GgufFamilyTests.Copy("deepseek2-yarn");
        family["metadata"]!["attention.temperature_scale"] = JsonNode.Parse("0.1");
        family["metadata"]![key] = JsonNode.Parse(value);
        GgufFamilyTests.Write(family, _folder.At("a.gguf"));

        var refused = Assert.Throws<RefusedException>(() => Checkpoint.Open(_folder.At("a.gguf"), null));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
