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
    [InlineData(null)]
    [InlineData("0")]
    public void Open_OfALlama4WithoutExperts_IsRefusedByThem(string? experts)
    {
        var family = GgufFamilyTests.Copy("llama4");
        family["metadata"]!.AsObject().Remove("expert_count");
        if (experts is not null)
        {
            family["metadata"]!["expert_count"] = JsonNode.Parse(experts);
        }

        GgufFamilyTests.Write(family, _folder.At("a.gguf"));

        var refused = Assert.Throws<RefusedException>(() => Checkpoint.Open(_folder.At("a.gguf"), null));

        Assert.Contains("llama4.expert_count is 0 or absent", refused.Message, StringComparison.Ordinal);
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

    // 0.1 ln 8 + 1, which OLMo 3's converter writes beside the factor that it follows from.
    [Theory]
    [InlineData("1.2079442", null)]
    [InlineData("1.0", null)]
    [InlineData("1.25", "a.gguf: olmo2.rope.scaling.yarn_attn_factor is 1.25, which is not supported; it must be "
        + "absent or 0 or 1 or 1.2079442")]
    public void Open_WithYarnsWholeFactor_AllowsWhatItHasByItself(string value, string? reason)
    {
        var family = GgufFamilyTests.Copy("olmo3");
        var metadata = family["metadata"]!;
        (metadata["rope.scaling.type"], metadata["rope.scaling.factor"]) = ("yarn", JsonNode.Parse("8.0"));
        metadata["rope.scaling.original_context_length"] = 8;
        metadata["rope.scaling.yarn_attn_factor"] = JsonNode.Parse(value);
        GgufFamilyTests.Write(family, _folder.At("a.gguf"));

        Assert.Equal(reason, Record.Exception(() => Checkpoint.Open(_folder.At("a.gguf"), null).Dispose())?.Message);
    }

    [Theory]
    [InlineData(null, 4096)]
    [InlineData(0, null)]
    [InlineData(16, 16)]
    public void Open_OfAGemma2_HasItsFamilysWindowWhereTheFileHasNone(int? value, int? window)
    {
        var family = GgufFamilyTests.Copy("gemma2");
        var metadata = family["metadata"]!.AsObject();
        metadata.Remove("attention.sliding_window");
        if (value is not null)
        {
            metadata["attention.sliding_window"] = value;
        }

        GgufFamilyTests.Write(family, _folder.At("a.gguf"));

        using var checkpoint = Checkpoint.Open(_folder.At("a.gguf"), null);

        Assert.Equal(window, checkpoint.Config.FindSize("sliding_window"));
        Assert.True(checkpoint.Config.Has("sliding_window"));
    }

    public void Dispose() => _folder.Dispose();
}
