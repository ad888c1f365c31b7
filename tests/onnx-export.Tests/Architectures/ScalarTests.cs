using System.Text.Json.Nodes;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>Sizes and options that no reference checkpoint has, against the scalar models.</summary>
public sealed class ScalarTests(ExportedModels models) : IDisposable
{
    private const long Seed = 7;
    // Logits of these small models stay below 1: a wrong scale shows from 2e-4 on.
    private const float LargestDifference = 1e-5f;
    private static readonly long[] Ids = [3, 50, 7, 7, 0, 21, 33, 8, 60, 1, 2];

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"head_dim": 12, "attention_bias": true}""")]
    [InlineData("""{"head_dim": 20, "mlp_bias": true, "tie_word_embeddings": true}""")]
    [InlineData("""{"head_dim": 6, "num_key_value_heads": 1}""")]
    [InlineData("""{"head_dim": 24, "num_key_value_heads": 4, "torch_dtype": "float16"}""")]
    [InlineData(
        """{"head_dim": 32, "rope_theta": 500.0, "dtype": "bfloat16", "attention_bias": true, "mlp_bias": true}""")]
    [InlineData("""{"rope_parameters": {"rope_theta": 300.0, "rope_type": "default"}}""")]
    public async Task Llama_OfAnyShape_EqualsTheScalarModel(string options)
    {
        var folder = WriteConfig("""
            {"architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 88, "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 61, "max_position_embeddings": 32}
            """, options);
        using var checkpoint = Checkpoint.Open(folder, Seed);
        var config = JsonNode.Parse(await File.ReadAllTextAsync(
            Path.Combine(folder, "config.json"), TestContext.Current.CancellationToken))!;
        var dim = (int?)config["head_dim"] ?? 16;
        var theta = (double?)config["rope_theta"] ?? (double?)config["rope_parameters"]?["rope_theta"] ?? 10000;
        var frequencies = Enumerable.Range(0, dim / 2).Select(pair => Math.Pow(theta, -2.0 * pair / dim)).ToArray();

        await AssertEqualAsync(folder, ScalarLlama.Logits(checkpoint, Ids, frequencies));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"n_embd": 48, "activation_function": "relu", "n_inner": 40}""")]
    [InlineData("""{"n_embd": 52, "tie_word_embeddings": false, "scale_attn_by_inverse_layer_idx": true}""")]
    [InlineData(
        """{"scale_attn_weights": false, "activation_function": "gelu_pytorch_tanh", "torch_dtype": "float16"}""")]
    public async Task Gpt2_OfAnyShape_EqualsTheScalarModel(string options)
    {
        var folder = WriteConfig("""
            {"model_type": "gpt2", "n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 61, "n_positions": 32}
            """, options);
        using var checkpoint = Checkpoint.Open(folder, Seed);

        await AssertEqualAsync(folder, ScalarGpt2.Logits(checkpoint, Ids));
    }

    public void Dispose() => _folder.Dispose();

    private string WriteConfig(string basis, string options)
    {
        var config = JsonNode.Parse(basis)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(options)!.AsObject())
        {
            config[name] = value?.DeepClone();
        }

        File.WriteAllText(_folder.At("config.json"), config.ToJsonString());
        return _folder.Path;
    }

    private async Task AssertEqualAsync(string folder, float[] expected)
    {
        using var model = new PlainModel(await models.ExportAsync(folder, TensorDtype.Float32, Seed), Ids.Length);

        var whole = model.Append(Ids, allRows: true);
        model.Runner.Rewind(0);
        var stepwise = Ids.SelectMany(id => model.Append([id])).ToArray();

        Assert.InRange(expected.Max() - expected.Min(), 0.05f, 100);
        Assert.InRange(ReferenceTests.Largest(whole, expected), 0, LargestDifference);
        Assert.InRange(ReferenceTests.Largest(stepwise, expected), 0, LargestDifference);
    }
}
