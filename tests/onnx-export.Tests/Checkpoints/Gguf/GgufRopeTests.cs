using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints.Gguf;

/// <summary>
/// Files that carry rotary factors in tensors of their own, as converters write them for Llama 3 and Phi-3 with long
/// contexts, against the folders that describe them: the factors are float32, so the tables differ by their rounding.
/// </summary>
public sealed class GgufRopeTests(ExportedModels models) : IDisposable
{
    private const long Seed = 11;
    private const int Original = 16;

    // A factor is rounded once, an angle of up to 31 with it: 31 · 2^-24 and the sine's own rounding.
    private const float Tolerance = 4e-6f;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Export_OfAFileWithFactorsOfEachPair_EqualsTheFolderWithLlama3sScaling()
    {
        var config = Config("LlamaForCausalLM", $$"""
            {
              "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
              "original_max_position_embeddings": {{Original}}
            }
            """);
        var file = new FamilyAsGguf("llama", config, Seed).With("rope_freqs.weight", Llama3Factors(pairs: 4));

        await AssertEqualAsync(config, path => file.Save(path));
    }

    [Fact]
    public async Task Export_OfAFileWithLongAndShortFactors_EqualsTheFolderWithLongRope()
    {
        float[] longer = [1.5f, 2, 3.25f, 6];
        float[] shorter = [1, 1.125f, 1.25f, 1.5f];
        var config = Config("Phi3ForCausalLM", $$"""
            {
              "type": "longrope", "long_factor": {{JsonSerializer.Serialize(longer)}},
              "short_factor": {{JsonSerializer.Serialize(shorter)}}
            }
            """);
        config["original_max_position_embeddings"] = Original;
        var file = new FamilyAsGguf("phi3", config, Seed)
            .With("rope_factors_long.weight", longer).With("rope_factors_short.weight", shorter);

        // Phi-3's own factor on rotated rows: sqrt(1 + ln(longest / original) / ln(original)).
        var magnitude = (float)Math.Sqrt(1 + (Math.Log(32.0 / Original) / Math.Log(Original)));
        await AssertEqualAsync(config, path => file.Save(
            path,
            ("phi3.rope.scaling.original_context_length", Original),
            ("phi3.rope.scaling.attn_factor", magnitude)));
    }

    public void Dispose() => _folder.Dispose();

    private async Task AssertEqualAsync(JsonObject config, Action<string> save)
    {
        Directory.CreateDirectory(_folder.At("folder"));
        await File.WriteAllTextAsync(
            _folder.At("folder", "config.json"), config.ToJsonString(), TestContext.Current.CancellationToken);
        save(_folder.At("a.gguf"));
        var expected = await models.ExportAsync(_folder.At("folder"), TensorDtype.Float32, Seed);
        var plain = await models.ExportAsync(Unscaled(config), TensorDtype.Float32, Seed);

        var actual = await models.ExportAsync(_folder.At("a.gguf"), TensorDtype.Float32);

        Assert.InRange(Largest(Weights(expected), Weights(actual)), 0, Tolerance);
        Assert.NotEqual(Weights(plain), Weights(actual));
    }

    private string Unscaled(JsonObject config)
    {
        var plain = config.DeepClone().AsObject();
        plain.Remove("rope_scaling");
        Directory.CreateDirectory(_folder.At("plain"));
        File.WriteAllText(_folder.At("plain", "config.json"), plain.ToJsonString());
        return _folder.At("plain");
    }

    private static float Largest(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        return expected.Zip(actual).Max(pair => Math.Abs(pair.First - pair.Second));
    }

    private static float[] Weights(string folder) =>
        MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(folder, "model.onnx.data"))).ToArray();

    // What llama.cpp's converter writes: by how much each pair turns slower, between the two bounds of wavelengths.
    private static float[] Llama3Factors(int pairs) => [.. Enumerable.Range(0, pairs).Select(pair =>
    {
        var length = 2 * Math.PI * Math.Pow(10000, (double)pair / pairs);
        var smooth = ((Original / length) - 1) / (4 - 1);
        return (float)(length < Original / 4.0 ? 1 : length > Original ? 8 : 1 / (((1 - smooth) / 8) + smooth));
    })];

    private static JsonObject Config(string architecture, string scaling) => JsonNode.Parse($$"""
        {
          "architectures": ["{{architecture}}"], "hidden_size": 32, "intermediate_size": 48,
          "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 61,
          "max_position_embeddings": 32, "rms_norm_eps": 1e-6, "dtype": "float32", "rope_scaling": {{scaling}}
        }
        """)!.AsObject();
}
