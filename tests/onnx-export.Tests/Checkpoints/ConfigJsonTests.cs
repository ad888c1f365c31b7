using System.Text;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Tests.Checkpoints;

public sealed class ConfigJsonTests
{
    [Theory]
    [InlineData("num_hidden_layers", 4097, "it must be 1..4096")]
    [InlineData("num_local_experts", 100_000, "it must be 1..4096")]
    [InlineData("hidden_size", 1 << 30, null)]
    [InlineData("shared_expert_intermediate_size", 20480, null)]
    [InlineData("expert_dim", 20480, null)]
    public void Size_OfWhatAGraphRepeats_IsBounded(string name, int value, string? reason)
    {
        var config = Parse($$"""{"{{name}}": {{value}}}""");

        if (reason is null)
        {
            Assert.Equal(value, config.Size(name));
        }
        else
        {
            Assert.Contains(reason, Assert.Throws<RefusedException>(() => config.Size(name)).Message,
                StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(28000, 7, "has 16000000 patches of 7; there may be 1..524288")]
    [InlineData(1 << 30, 1, "has 1152921504606846976 patches of 1; there may be 1..524288")]
    public void Patches_OfAnImageTooLarge_AreRefusedBeforeTheirTableIsMade(int image, int patch, string reason) =>
        Assert.Contains(
            reason,
            Assert.Throws<RefusedException>(() => PatchSizes.Read(
                Parse($$"""{"image_size": {{image}}, "patch_size": {{patch}}}"""), 224, 16)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Patches_OfAPageAsDonutReadsIt_AreThere() => Assert.Equal(
        640 * 480, PatchSizes.Read(Parse("""{"image_size": [2560, 1920], "patch_size": 4}"""), 224, 16).Count);

    [Theory]
    [InlineData("5")]
    [InlineData("true")]
    [InlineData("[\"silu\"]")]
    [InlineData("{}")]
    public void Text_OfSomethingElse_IsRefused(string value)
    {
        var config = Parse($$"""{"hidden_act": {{value}}}""");

        var refusals = new[]
        {
            Assert.Throws<RefusedException>(() => config.Text("act", "hidden_act")),
            Assert.Throws<RefusedException>(() => config.RefuseUnless("hidden_act", "silu")),
        };

        Assert.All(refusals, refusal =>
            Assert.Equal($"config.json: hidden_act is {value}; it must be a string", refusal.Message));
        Assert.Null(config.TextIfAny("hidden_act"));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"hidden_act": null}""")]
    public void Text_OfNothing_IsNull(string json)
    {
        var config = Parse(json);

        config.RefuseUnless("hidden_act", "silu");

        Assert.Null(config.Text("hidden_act"));
    }

    [Fact]
    public void Parse_OfBrokenText_IsRefused() => Assert.Contains(
        "a string of it is not UTF-8",
        Assert.Throws<RefusedException>(() => Parse("""{"model_type": "\ud800"}""")).Message,
        StringComparison.Ordinal);

    [Fact]
    public void TextsById_WithANumberTwice_TakeTheLast() =>
        Assert.Equal("b", Parse("""{"id2label": {"8": "a", "08": "b"}}""").TextsById("id2label")[8]);

    [Fact]
    public void Field_ThatIsNull_HasNoDefault()
    {
        var config = Parse("""{"num_key_value_heads": null, "sliding_window": null}""")
            .WithDefaults("""{"num_key_value_heads": 8, "sliding_window": 8192, "head_dim": 128}""");

        Assert.Equal((null, 128), (config.FindSize("num_key_value_heads"), config.FindSize("head_dim")));
        Assert.Equal(0, config.Cap("sliding_window", 4096));
        Assert.Null(config.With("""{"head_dim": null}""").FindSize("head_dim"));
    }

    [Fact]
    public void With_OfOtherValues_LeavesTheRestAsItWas()
    {
        var config = Parse("""{"head_dim": 64, "sliding_window": null, "rope_scaling": {"factor": 2}}""")
            .WithDefaults("""{"num_attention_heads": 8}""")
            .With("""{"head_dim": 128}""");

        Assert.Equal((128, 8), (config.Size("head_dim"), config.Size("num_attention_heads")));
        Assert.True(config.Has("sliding_window"));
        Assert.Equal(0, config.Cap("sliding_window", 4096));
        Assert.Equal(2, Assert.Single(config.Sections()).Section.Positive("factor", 1));
    }

    private static ConfigJson Parse(string json) => ConfigJson.Parse("config.json", Encoding.UTF8.GetBytes(json));
}
