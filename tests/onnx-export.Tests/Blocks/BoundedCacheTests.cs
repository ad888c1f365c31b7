using System.Numerics.Tensors;
using System.Text.Json.Nodes;
using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Blocks;

/// <summary>Caches of layers with a window, bounded by it.</summary>
public sealed class BoundedCacheTests(ExportedModels models) : IDisposable
{
    private const int Context = 96;
    private const int Tokens = 90;

    // Of the largest logit: the kernel sums the same products in blocks that begin elsewhere.
    private const float LargestShare = 5e-6f;

    private readonly TemporaryFolder _folder = new();

    /// <summary>What is in them beside a window: a norm of heads and layers that see all; capped scores; sinks and
    /// experts; positions that are looked up.</summary>
    public static TheoryData<string, int[]> Models => new()
    {
        { """{"architectures":["MistralForCausalLM"],"sliding_window":12}""", [12, 12, 12] },
        { Typed("Gemma3ForCausalLM", """ "rope_local_base_freq":100.0,"query_pre_attn_scalar":16 """), [12, 0, 12] },
        { Typed("Gemma2ForCausalLM", """ "attn_logit_softcapping":5.0,"query_pre_attn_scalar":16 """), [12, 0, 12] },
        { Typed("GptOssForCausalLM", """ "num_local_experts":4,"num_experts_per_tok":2 """), [12, 0, 12] },
        { """{"architectures":["MistralForCausalLM"],"sliding_window":12,"head_dim":24}""", [12, 12, 12] },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Logits_FarBeyondTheWindow_AreThoseOfTheWholeCache_OfThePackageToo(string config, int[] bounds)
    {
        var source = Write(config);
        var bounded = await models.ExportAsync(source, TensorDtype.Float32, randomSeed: 3);
        var full = await models.ExportAsync(source, TensorDtype.Float32, randomSeed: 3, boundsCaches: false);
        var package = Directory.CreateDirectory(_folder.At("package")).FullName;
        PackageProtector.Protect(bounded, package, new ProtectionOptions(), new SeededRandom(1));

        Assert.Equal(bounds, ExportFolder.ReadManifest(bounded).Graphs["decoder"].Cache!.BoundedWindows);
        Assert.Null(ExportFolder.ReadManifest(full).Graphs["decoder"].Cache!.BoundedWindows);
        var expected = Run(full, null);
        foreach (var spare in new[] { 0, 7 })
        {
            var actual = Run(bounded, spare);
            Assert.InRange(TensorPrimitives.MaxMagnitude<float>([.. expected.Zip(actual, (one, other) => one - other)])
                / Math.Abs(TensorPrimitives.MaxMagnitude<float>(expected)), -LargestShare, LargestShare);
        }

        Assert.True(PackageVerifier.Verify(bounded, package, 1).Passed);
    }

    [Fact]
    public async Task Export_OfAWindowOfMoreThanHalfTheContext_KeepsEveryToken()
    {
        var source = Write("""{"architectures":["MistralForCausalLM"],"sliding_window":49}""");
        var folder = await models.ExportAsync(source, TensorDtype.Float32, randomSeed: 3);

        Assert.Null(ExportFolder.ReadManifest(folder).Graphs["decoder"].Cache!.BoundedWindows);
        Assert.Equal(49, ExportFolder.ReadManifest(folder).Graphs["decoder"].Cache!.Window);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData(true, true)]
    public async Task Export_InFloat16_BoundsCachesWhereItIsToldTo(bool? bounds, bool areBounded)
    {
        var source = Write("""{"architectures":["MistralForCausalLM"],"sliding_window":12}""");
        var folder = await models.ExportAsync(source, TensorDtype.Float16, randomSeed: 3, boundsCaches: bounds);

        Assert.Equal(areBounded, ExportFolder.ReadManifest(folder).Graphs["decoder"].Cache!.BoundedWindows is not null);
    }

    [Fact]
    public async Task Rewind_BeyondWhatIsKept_IsRefused()
    {
        var source = Write("""{"architectures":["MistralForCausalLM"],"sliding_window":12}""");
        var folder = await models.ExportAsync(source, TensorDtype.Float32, randomSeed: 3);
        using var runner = new DecoderRunner(Path.Combine(folder, "model.onnx"), Tokens, spare: 7);
        runner.Append(new float[25 * runner.HiddenSize]);

        Assert.Throws<InvalidOperationException>(() => runner.Rewind(19));
        runner.Rewind(20);
        runner.Rewind(0);
    }

    private static string Typed(string architecture, string more) =>
        $$"""
        {"architectures":["{{architecture}}"],"sliding_window":12,
         "layer_types":["sliding_attention","full_attention","sliding_attention"],{{more}}}
        """;

    private static float[] Run(string folder, int? spare)
    {
        using var tables = EmbeddingTables.Open(folder, ExportFolder.ReadManifest(folder).Embedding);
        using var runner = new DecoderRunner(Path.Combine(folder, "model.onnx"), Tokens, spare: spare);
        var random = new Random(5);
        var logits = new List<float>();
        foreach (var tokens in new[] { 1, 1, 30, 3, 1, 1, 1, 40, 1, 1, 1, 1, 7 })
        {
            long[] ids = [.. Enumerable.Range(0, tokens).Select(_ => (long)random.Next(64))];
            logits.AddRange(runner.Append(tables.Embed(ids, runner.CachedTokens), allRows: true));
        }

        return [.. logits];
    }

    private string Write(string config)
    {
        var sizes = JsonNode.Parse($$"""
            {"hidden_size":32,"intermediate_size":48,"num_attention_heads":4,"num_key_value_heads":2,"head_dim":16,
             "num_hidden_layers":3,"vocab_size":64,"max_position_embeddings":{{Context}}}
            """)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(config)!.AsObject())
        {
            sizes[name] = value?.DeepClone();
        }

        var folder = Directory.CreateDirectory(_folder.At("source")).FullName;
        File.WriteAllText(Path.Combine(folder, "config.json"), sizes.ToJsonString());
        return folder;
    }
}
