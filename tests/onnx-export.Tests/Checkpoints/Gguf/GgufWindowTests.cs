using System.Text.Json.Nodes;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints.Gguf;

/// <summary>Which layers of a Gemma 3 have a window, by what its file says.</summary>
public sealed class GgufWindowTests(ExportedModels models) : IDisposable
{
    private static readonly long[] Ids = [3, 1, 4, 1, 5, 9, 2, 6, 5, 35, 8, 58];

    private readonly TemporaryFolder _folder = new();

    // Rnj-1: no layer has a window or angles of its own.
    [Theory]
    [InlineData(null, null)]
    [InlineData("0", null)]
    [InlineData("8", "[false, false, false, false, false, false]")]
    [InlineData("8", "1")]
    public async Task Logits_OfAFileWithoutWindows_AreThoseOfLayersThatSeeAllAndTurnAlike(
        string? window, string? pattern)
    {
        // A window as long as the context, and one base for all.
        var wide = With("32", null);
        wide["metadata"]!["rope.freq_base_swa"] = JsonNode.Parse("1000000.0");

        Assert.Equal(await LogitsAsync(wide, "wide"), await LogitsAsync(With(window, pattern), "none"));
    }

    [Theory]
    [InlineData("[true, true, true, true, true, false]")]
    [InlineData("6")]
    public async Task Logits_OfAFileThatSaysTheUsualPattern_AreThoseOfOneThatDoesNot(string pattern) => Assert.Equal(
        await LogitsAsync(With("8", null), "plain"), await LogitsAsync(With("8", pattern), "said"));

    [Fact]
    public async Task Logits_OfAFileThatSaysAnotherPattern_AreThoseOfItsPeriod()
    {
        var listed = await LogitsAsync(With("8", "[true, false, true, false, true, false]"), "listed");

        Assert.Equal(listed, await LogitsAsync(With("8", "2"), "counted"));
        Assert.NotEqual(listed, await LogitsAsync(With("8", null), "plain"));
    }

    // Ollama's converter calls them so.
    [Fact]
    public void Config_OfAFileWithBetasUnderAnotherName_HasThem()
    {
        var file = With(null, null);
        foreach (var (key, value) in new[]
        {
            ("type", "\"yarn\""), ("factor", "4.0"), ("original_context_length", "8"), ("beta_fast", "64.0"),
            ("beta_slow", "2.0"),
        })
        {
            file["metadata"]![$"rope.scaling.{key}"] = JsonNode.Parse(value);
        }

        GgufFamilyTests.Write(file, _folder.At("a.gguf"));
        using var checkpoint = Checkpoint.Open(_folder.At("a.gguf"), null);

        var yarn = checkpoint.Config.Section("rope_scaling")!;
        Assert.Equal((64, 2), (yarn.Positive("beta_fast", 0), yarn.Positive("beta_slow", 0)));
    }

    public void Dispose() => _folder.Dispose();

    private static JsonObject With(string? window, string? pattern)
    {
        var family = GgufFamilyTests.Copy("gemma3");
        var metadata = family["metadata"]!.AsObject();
        metadata.Remove("attention.sliding_window");
        foreach (var (key, value) in new[] { ("sliding_window", window), ("sliding_window_pattern", pattern) })
        {
            if (value is not null)
            {
                metadata[$"attention.{key}"] = JsonNode.Parse(value);
            }
        }

        return family;
    }

    private async Task<float[]> LogitsAsync(JsonObject family, string name)
    {
        GgufFamilyTests.Write(family, _folder.At($"{name}.gguf"));
        using var model = new PlainModel(
            await models.ExportAsync(_folder.At($"{name}.gguf"), TensorDtype.Float32), Ids.Length);
        return [.. model.Append(Ids, allRows: true)];
    }
}
