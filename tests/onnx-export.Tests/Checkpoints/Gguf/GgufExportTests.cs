using System.Text.Json.Nodes;
using Stip.Export.Tests.Architectures;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using Stip.TestKit.Gguf;

namespace Stip.Export.Tests.Checkpoints.Gguf;

public sealed class GgufExportTests(ExportedModels models) : IDisposable
{
    private const float LargestDifference = 1e-4f;
    private const long Seed = 11;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("Q4_0", 20)]
    [InlineData("Q4_1", 24)]
    [InlineData("Q4_K", 24)]
    public async Task Export_OfFourBitMatrices_KeepsThemInAtMost24Bytes(string type, int bytesPerBlock)
    {
        var folder = await models.ExportAsync(Random(type), TensorDtype.Float32, keepsBlocks: true);

        using var file = ModelFile.Load(Path.Combine(folder, "model.onnx"));
        var matrices = file.Graph.Node.Where(node => node.OpType == "MatMulNBits").ToList();
        Assert.Equal(["qkv", "output", "gate", "up", "down", "head"], matrices.Select(Projection));
        foreach (var node in matrices)
        {
            var name = node.Input[1][..^".weight".Length];
            string[] parts = [$"{name}.weight", $"{name}.scales", $"{name}.offsets"];
            var blocks = file.Tensors.Where(tensor => parts.Contains(tensor.Name));
            var weights = node.Attribute.First(attribute => attribute.Name == "K").I
                * node.Attribute.First(attribute => attribute.Name == "N").I;
            Assert.Equal(weights / 32 * bytesPerBlock, blocks.Sum(tensor => tensor.ByteLength));
            Assert.Equal(0, node.Attribute.First(attribute => attribute.Name == "accuracy_level").I);
        }
    }

    [Theory]
    [InlineData("Q4_0")]
    [InlineData("Q4_1")]
    [InlineData("Q4_K")]
    public async Task Logits_OfKeptBlocks_EqualThoseOfWidenedOnes(string type)
    {
        var path = Random(type);
        long[] ids = [5, 200, 31, 31, 7, 256, 1];
        using var kept = new PlainModel(await models.ExportAsync(path, TensorDtype.Float32, keepsBlocks: true), 16);
        using var widened = new PlainModel(await models.ExportAsync(path, TensorDtype.Float32), 16);

        var (left, right) = (kept.Append(ids, allRows: true), widened.Append(ids, allRows: true));

        Assert.InRange(right.Max(), 0.5f, 100);
        Assert.InRange(ReferenceTests.Largest(left, right), 0, LargestDifference);
    }

    [Theory]
    [InlineData("llama", "LlamaForCausalLM", "{}")]
    [InlineData("llama", "LlamaForCausalLM", """{"attention_bias": true, "tie_word_embeddings": true}""")]
    [InlineData("llama", "LlamaForCausalLM", """{"rope_scaling": {"rope_type": "linear", "factor": 4.0}}""")]
    [InlineData("qwen2", "Qwen2ForCausalLM", "{}")]
    [InlineData("qwen3", "Qwen3ForCausalLM", """{"head_dim": 24, "tie_word_embeddings": true}""")]
    [InlineData("phi3", "Phi3ForCausalLM", """{"sliding_window": 6}""")]
    [InlineData("gemma2", "Gemma2ForCausalLM", """
        {"head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 4, "tie_word_embeddings": true}
        """)]
    public async Task Export_OfAFile_EqualsThatOfTheFolder(string name, string architecture, string options)
    {
        var config = Config(architecture, options);
        Directory.CreateDirectory(_folder.At("folder"));
        File.WriteAllText(_folder.At("folder", "config.json"), config.ToJsonString());
        new FamilyAsGguf(name, config, Seed).Save(_folder.At("a.gguf"), Keys(name, config));

        var expected = await models.ExportAsync(_folder.At("folder"), TensorDtype.Float32, Seed);
        var actual = await models.ExportAsync(_folder.At("a.gguf"), TensorDtype.Float32);

        foreach (var file in new[] { "model.onnx", "model.onnx.data", "embedding.safetensors" })
        {
            Assert.True(
                File.ReadAllBytes(Path.Combine(expected, file)).AsSpan()
                    .SequenceEqual(File.ReadAllBytes(Path.Combine(actual, file))),
                $"{file} differs");
        }
    }

    public void Dispose() => _folder.Dispose();

    private static JsonObject Config(string architecture, string options)
    {
        var config = JsonNode.Parse($$"""
            {
              "architectures": ["{{architecture}}"], "hidden_size": 32, "intermediate_size": 48,
              "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 61,
              "max_position_embeddings": 32, "rms_norm_eps": 1e-6, "dtype": "float32"
            }
            """)!.AsObject();
        foreach (var (key, value) in JsonNode.Parse(options)!.AsObject())
        {
            config[key] = value?.DeepClone();
        }

        return config;
    }

    private static IEnumerable<(string Key, object Value)> Keys(string name, JsonObject config)
    {
        if ((int?)config["sliding_window"] is { } window)
        {
            yield return ($"{name}.attention.sliding_window", window);
        }

        if ((float?)config["rope_scaling"]?["factor"] is { } factor)
        {
            yield return ($"{name}.rope.scaling.type", "linear");
            yield return ($"{name}.rope.scaling.factor", factor);
        }

        if (name == "gemma2")
        {
            yield return ("gemma2.attn_logit_softcapping", 50f);
            yield return ("gemma2.final_logit_softcapping", 30f);
        }
    }

    private static string Projection(NodeProto node) => node.Input[1].Split('.')[^2];

    private string Random(string type)
    {
        var path = _folder.At($"{type}.gguf");
        new RandomLlama(256, 1, 4, 2, 64, 256, 320).Write(path, GgufType.Named(type), seed: 3);
        return path;
    }
}
