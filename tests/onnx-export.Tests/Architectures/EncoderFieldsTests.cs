using System.Text;
using System.Text.Json.Nodes;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>Fields of encoders that config.json leaves out, or has under another name: everything that is written is
/// that of a file with the values that the published code takes, byte for byte.</summary>
public sealed class EncoderFieldsTests(ExportedModels models) : IDisposable
{
    private const string Sizes = """
        "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 3, "vocab_size": 37,
        "max_position_embeddings": 32
        """;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("NomicBertModel", """{"type_vocab_size": 2}""", "{}")]
    [InlineData("NomicBertModel", """{"activation_function": "geglu"}""", """{"hidden_act": "gelu"}""")]
    [InlineData("NomicBertModel", """{"activation_function": "swiglu"}""", """{"hidden_act": "silu"}""")]
    [InlineData("NomicBertModel", """{"n_embd": 24, "layer_norm_epsilon": 1e-5}""", """{"n_embd": 24}""")]
    [InlineData("NomicBertModel", """{"vocab_size": 40}""", """{"pad_vocab_size_multiple": 8}""")]
    [InlineData("NewModel", """{"type_vocab_size": 1}""", "{}")]
    [InlineData("JinaEmbeddingsV3Model",
        """{"layer_norm_eps": 1e-5, "type_vocab_size": 1, "rope_parameters": {"rope_theta": 20000}}""", "{}")]
    [InlineData("XLMRobertaModel",
        """{"position_embedding_type": "rotary", "layer_norm_eps": 1e-5, "type_vocab_size": 1}""",
        """{"position_embedding_type": "rotary"}""")]
    [InlineData("HyperCLOVAXForCausalLM", """{"use_post_norm": true}""", "{}")]
    [InlineData("MT5EncoderModel", $$"""{ {{T5}}, "feed_forward_proj": "gated-gelu"}""", $$"""{ {{T5}} }""")]
    [InlineData("UMT5ForConditionalGeneration", $$"""{ {{T5}}, "feed_forward_proj": "gated-gelu"}""",
        $$"""{ {{T5}} }""")]
    [InlineData("T5EncoderModel", $$"""{ {{T5}}, "feed_forward_proj": "gated-silu"}""",
        $$"""{ {{T5}}, "feed_forward_proj": "gated-gelu", "dense_act_fn": "silu"}""")]
    public async Task Export_OfAFileWithoutFields_TakesWhatThePublishedCodeTakes(
        string architecture, string said, string left)
    {
        var (expected, exported) = (
            await ExportAsync("said", architecture, said), await ExportAsync("left", architecture, left));

        Assert.All(Directory.GetFiles(expected).Where(IsOfTheModel), file => Assert.Equal(
            File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(exported, Path.GetFileName(file)))));
    }

    // Where a published feed-forward part has no biases, neither has the head.
    [Theory]
    [InlineData("""{"mlp_fc1_bias": false}""", false)]
    [InlineData("""{"mlp_fc1_bias": true}""", true)]
    [InlineData("{}", true)]
    public async Task Export_OfNomicsHead_HasBiasesAsTheFileSays(string fields, bool hasBias)
    {
        var exported = await ExportAsync("head", "NomicBertForPreTraining", fields);

        Assert.Equal(hasBias, Graph(exported).Contains("head.dense.bias", StringComparison.Ordinal));
        Assert.Equal(hasBias, Graph(exported).Contains("head.bias", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Export_OfJinasHead_TakesItsOwnFunction()
    {
        var exported = await ExportAsync("head", "JinaBertForMaskedLM", """{"feed_forward_type": "reglu"}""");

        Assert.Contains("head.act/Gelu", Graph(exported), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_OfGteWithQueriesApart_GivesTheGraphOfPackedOnes()
    {
        const string part = "encoder.layer.0.attention";
        const string fields = """{"num_hidden_layers": 1}""";
        var tensors = new Dictionary<string, long[]>
        {
            ["embeddings.word_embeddings.weight"] = [37, 24],
            ["embeddings.token_type_embeddings.weight"] = [1, 24],
            ["embeddings.LayerNorm.weight"] = [24],
            ["embeddings.LayerNorm.bias"] = [24],
            [$"{part}.o_proj.weight"] = [24, 24],
            [$"{part}.o_proj.bias"] = [24],
            ["encoder.layer.0.attn_ln.weight"] = [24],
            ["encoder.layer.0.attn_ln.bias"] = [24],
            ["encoder.layer.0.mlp_ln.weight"] = [24],
            ["encoder.layer.0.mlp_ln.bias"] = [24],
            ["encoder.layer.0.mlp.up_gate_proj.weight"] = [80, 24],
            ["encoder.layer.0.mlp.down_proj.weight"] = [24, 40],
            ["encoder.layer.0.mlp.down_proj.bias"] = [24],
        };
        var apart = new Dictionary<string, long[]>(tensors);
        foreach (var query in "qkv")
        {
            (apart[$"{part}.{query}_proj.weight"], apart[$"{part}.{query}_proj.bias"]) = ([24, 24], [24]);
        }

        (tensors[$"{part}.qkv_proj.weight"], tensors[$"{part}.qkv_proj.bias"]) = ([72, 24], [72]);
        Write("packed", Config("NewModel", fields), tensors);
        Write("apart", Config("NewModel", """{"num_hidden_layers": 1, "pack_qkv": false}"""), apart);

        var (expected, exported) = (
            await models.ExportAsync(_folder.At("packed"), TensorDtype.Float32),
            await models.ExportAsync(_folder.At("apart"), TensorDtype.Float32));

        Assert.Equal(Graph(expected), Graph(exported));
    }

    public void Dispose() => _folder.Dispose();

    private const string T5 = """
        "d_model": 24, "d_ff": 40, "d_kv": 8, "num_layers": 1, "num_heads": 3
        """;

    private static bool IsOfTheModel(string file) =>
        Path.GetExtension(file) is ".onnx" or ".data" or ".safetensors";

    private static string Graph(string folder) =>
        Encoding.Latin1.GetString(File.ReadAllBytes(Path.Combine(folder, "model.onnx")));

    private static JsonObject Config(string architecture, string fields)
    {
        var config = JsonNode.Parse($$"""{"architectures": ["{{architecture}}"], {{Sizes}}}""")!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(fields)!.AsObject())
        {
            config[name] = value?.DeepClone();
        }

        return config;
    }

    private Task<string> ExportAsync(string folder, string architecture, string fields)
    {
        Write(folder, Config(architecture, fields), []);
        return models.ExportAsync(_folder.At(folder), TensorDtype.Float32, randomSeed: 1);
    }

    // All of one number, so that a matrix is that of its parts.
    private void Write(string folder, JsonObject config, Dictionary<string, long[]> tensors)
    {
        var recipes = new JsonObject(tensors.Select(tensor => KeyValuePair.Create(
            tensor.Key, (JsonNode?)new JsonArray([0f, 0.125f, .. tensor.Value.Select(axis => (JsonNode)axis)]))));
        DrawnWeights.WriteCheckpoint(Directory.CreateDirectory(_folder.At(folder)).FullName, config, recipes);
    }
}
