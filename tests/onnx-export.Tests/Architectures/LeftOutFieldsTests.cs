using System.Text.Json.Nodes;
using Stip.Onnx;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>Fields that config.json leaves out, or has under another name: the graph is that of a file with the values
/// that transformers takes, byte for byte.</summary>
public sealed class LeftOutFieldsTests(ExportedModels models) : IDisposable
{
    private const string Sizes = """
        "hidden_size": 48, "intermediate_size": 56, "num_hidden_layers": 2, "num_attention_heads": 4,
        "vocab_size": 61, "max_position_embeddings": 32
        """;

    private const string Latent = """
        "kv_lora_rank": 16, "q_lora_rank": null, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "v_head_dim": 8,
        "moe_intermediate_size": 24, "first_k_dense_replace": 1
        """;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("bitnet", "BitNetForCausalLM", """{"tie_word_embeddings": false}""",
        """{"num_key_value_heads": 4, "head_dim": 16}""")]
    [InlineData("cohere", "CohereForCausalLM", """{"rope_theta": 5e5}""")]
    [InlineData("deepseek_v3", "DeepseekV3ForCausalLM",
        """{"n_group": 8, "topk_group": 4, "num_experts_per_tok": 8, "n_shared_experts": 1}""",
        $$"""{"n_routed_experts": 16, {{Latent}}}""")]
    [InlineData("exaone", "ExaoneForCausalLM",
        """
        {"tie_word_embeddings": true, "layer_norm_epsilon": 1e-6, "max_position_embeddings": 2048,
         "intermediate_size": 192}
        """)]
    [InlineData("exaone4", "Exaone4ForCausalLM", """{"sliding_window": 4096}""", """{"num_key_value_heads": 4}""")]
    [InlineData("exaone4", "Exaone4ForCausalLM", """{"layer_types": ["sliding_attention", "full_attention"]}""",
        """{"sliding_window": 4, "sliding_window_pattern": 2, "num_key_value_heads": 4}""")]
    [InlineData("exaone4", "Exaone4ForCausalLM", """{"layer_types": ["full_attention", "sliding_attention"]}""",
        """{"sliding_window": 4, "sliding_window_pattern": "GL", "num_key_value_heads": 4}""")]
    [InlineData("gemma2", "Gemma2ForCausalLM", """{"num_key_value_heads": 4}""", """{"head_dim": 16}""")]
    [InlineData("glm", "GlmForCausalLM", """{"attention_bias": true, "num_key_value_heads": 2}""",
        """{"head_dim": 16}""")]
    [InlineData("glm4", "Glm4ForCausalLM", """{"attention_bias": true, "num_key_value_heads": 2}""",
        """{"head_dim": 16}""")]
    [InlineData("glm4_moe_lite", "Glm4MoeLiteForCausalLM",
        """{"rms_norm_eps": 1e-5, "routed_scaling_factor": 1.8, "num_experts_per_tok": 4}""",
        $$"""{"n_routed_experts": 8, "num_key_value_heads": 4, {{Latent}}}""")]
    [InlineData("ministral3", "Ministral3ForCausalLM",
        """
        {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1000000, "factor": 16, "mscale": 1, "mscale_all_dim": 1,
         "original_max_position_embeddings": 16384, "llama_4_scaling_beta": 0.1}}
        """,
        """{"num_key_value_heads": 2, "head_dim": 16}""")]
    [InlineData("mistral", "MistralForCausalLM", """{"max_position_embeddings": 131072}""",
        """{"num_key_value_heads": 2, "sliding_window": null}""")]
    [InlineData("olmo3", "Olmo3ForCausalLM", """{"rope_theta": 5e5}""")]
    [InlineData("openai-gpt", "OpenAIGPTLMHeadModel", """{"n_positions": 512}""",
        """{"n_embd": 48, "n_layer": 1, "n_head": 4, "max_position_embeddings": null}""")]
    [InlineData("phi3", "Phi3ForCausalLM", """{"original_max_position_embeddings": 4096}""",
        """
        {"max_position_embeddings": 4104, "rope_scaling": {"type": "longrope",
         "short_factor": [1, 1.5, 2, 2.5, 3, 3.5], "long_factor": [2, 3, 4, 5, 6, 7]}}
        """)]
    [InlineData("qwen3_moe", "Qwen3MoeForCausalLM", """{"head_dim": 12, "num_key_value_heads": 4}""",
        """{"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24}""")]
    [InlineData("solar_open", "SolarOpenForCausalLM", """{"intermediate_size": 10944}""",
        """
        {"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24, "num_key_value_heads": 4,
         "head_dim": 16}
        """)]
    [InlineData("starcoder2", "Starcoder2ForCausalLM",
        """{"num_key_value_heads": 2, "max_position_embeddings": 4096}""")]
    public async Task Export_OfAFileWithoutFields_TakesWhatTransformersTakes(
        string modelType, string architecture, string fields, string others = "{}")
    {
        var (said, left) = (Config(modelType, architecture, others), Config(modelType, architecture, others));
        foreach (var (name, value) in JsonNode.Parse(fields)!.AsObject())
        {
            said[name] = value!.DeepClone();
            left.Remove(name);
        }

        await AssertSameGraphAsync(said, left);
    }

    // What current transformers writes of a Qwen3-MoE.
    [Theory]
    [InlineData("qwen3_moe", "Qwen3MoeForCausalLM", "num_experts", "num_local_experts", 4)]
    [InlineData("bloom", "BloomForCausalLM", "hidden_size", "n_embed", 48)]
    [InlineData("falcon", "FalconForCausalLM", "num_hidden_layers", "n_layer", 3)]
    public async Task Export_OfAFieldUnderAnotherName_TakesIt(
        string modelType, string architecture, string name, string other, int value)
    {
        const string more = """{"num_experts_per_tok": 2, "moe_intermediate_size": 24, "num_key_value_heads": 4}""";
        var (first, second) = (Config(modelType, architecture, more), Config(modelType, architecture, more));
        first[name] = value;
        second.Remove(name);
        second[other] = value;

        await AssertSameGraphAsync(first, second);
    }

    [Theory]
    [InlineData("VoxtralForConditionalGeneration", """
        {"model_type": "llama", "num_key_value_heads": 8, "max_position_embeddings": 131072, "rms_norm_eps": 1e-5,
         "rope_theta": 1e8, "head_dim": 128}
        """)]
    [InlineData("KimiVLForConditionalGeneration", $$"""
        {"model_type": "deepseek_v3", "n_group": 8, "topk_group": 4}
        """)]
    [InlineData("LlavaOnevisionForConditionalGeneration", """
        {"model_type": "qwen2", "num_key_value_heads": 32, "max_position_embeddings": 32768}
        """)]
    [InlineData("Glm4vForConditionalGeneration", """
        {"model_type": "glm4v_text", "head_dim": 4, "attention_bias": true, "num_key_value_heads": 2}
        """)]
    [InlineData("Qwen2_5OmniThinkerForConditionalGeneration", """
        {"model_type": "qwen2_5_omni_text", "num_key_value_heads": 4, "max_position_embeddings": 32768,
         "rope_theta": 1e6}
        """)]
    [InlineData("Qwen3OmniMoeThinkerForConditionalGeneration", """
        {"model_type": "qwen3_omni_moe_text", "num_key_value_heads": 4, "max_position_embeddings": 32768,
         "rope_theta": 1e6, "num_experts": 128, "norm_topk_prob": true}
        """)]
    public async Task Export_OfAPartWithoutFields_TakesWhatTransformersTakes(string architecture, string fields)
    {
        var sizes = $$"""
            {"hidden_size": 128, "intermediate_size": 56, "num_hidden_layers": 1, "num_attention_heads": 32,
             "vocab_size": 61, "max_position_embeddings": 32, "num_experts_per_tok": 2, "n_routed_experts": 16,
             {{Latent}}}
            """;
        var (said, left) = (JsonNode.Parse(sizes)!.AsObject(), JsonNode.Parse(sizes)!.AsObject());
        foreach (var (name, value) in JsonNode.Parse(fields)!.AsObject())
        {
            said[name] = value!.DeepClone();
            left.Remove(name);
        }

        await AssertSameGraphAsync(Whole(said), Whole(left));

        JsonObject Whole(JsonObject text) =>
            new() { ["architectures"] = new JsonArray(architecture), ["text_config"] = text };
    }

    // The models read hidden_activation alone.
    [Theory]
    [InlineData("gemma2", "Gemma2ForCausalLM")]
    [InlineData("gemma3_text", "Gemma3ForCausalLM")]
    [InlineData("vaultgemma", "VaultGemmaForCausalLM")]
    public async Task Export_OfAGemmaWithHiddenAct_TakesNoNoticeOfIt(string modelType, string architecture)
    {
        const string heads = """{"num_key_value_heads": 4, "head_dim": 16}""";
        var (first, second) = (Config(modelType, architecture, heads), Config(modelType, architecture, heads));
        second["hidden_act"] = "silu";

        await AssertSameGraphAsync(first, second);
    }

    // Phi-3's first files said yarn where they meant LongRoPE.
    [Theory]
    [InlineData("yarn")]
    [InlineData("su")]
    public async Task Export_OfLongRopeUnderAnotherName_GivesTheSameGraph(string name)
    {
        var (first, second) = (Scaled("longrope"), Scaled(name));

        await AssertSameGraphAsync(first, second);

        static JsonObject Scaled(string type) => Config("phi3", "Phi3ForCausalLM", $$"""
            {"original_max_position_embeddings": 16, "rope_scaling": {"type": "{{type}}",
             "short_factor": [1, 1.5, 2, 2.5, 3, 3.5], "long_factor": [2, 3, 4, 5, 6, 7]} }
            """);
    }

    [Fact]
    public async Task Export_OfInternLmWithABaseOfItsOwn_TurnsByIt()
    {
        var (first, second) = (Config("internlm", "InternLMForCausalLM"), Config("internlm", "InternLMForCausalLM"));
        first["rope_theta"] = 1e6;
        second["rotary"] = new JsonObject { ["base"] = 1e6, ["type"] = "dynamic" };

        await AssertSameGraphAsync(first, second);
    }

    [Fact]
    public async Task Export_OfADecoderThatSeesAhead_IsRefused()
    {
        Write("config", Config(
            "gemma", "GemmaForCausalLM", """{"use_bidirectional_attention": true, "num_key_value_heads": 4}"""));

        Assert.Contains(
            "use_bidirectional_attention is true",
            (await Assert.ThrowsAsync<RefusedException>(
                () => models.ExportAsync(_folder.At("config"), TensorDtype.Float32, randomSeed: 1))).Message,
            StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static JsonObject Config(string modelType, string architecture, string others = "{}")
    {
        var config = JsonNode.Parse($$"""
            {"architectures": ["{{architecture}}"], "model_type": "{{modelType}}", {{Sizes}}}
            """)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(others)!.AsObject())
        {
            config[name] = value?.DeepClone();
        }

        return config;
    }

    private void Write(string folder, JsonObject config) => File.WriteAllText(
        Path.Combine(Directory.CreateDirectory(_folder.At(folder)).FullName, "config.json"), config.ToJsonString());

    private async Task AssertSameGraphAsync(JsonObject first, JsonObject second)
    {
        Write("first", first);
        Write("second", second);
        var (expected, exported) = (
            await models.ExportAsync(_folder.At("first"), TensorDtype.Float32, randomSeed: 1),
            await models.ExportAsync(_folder.At("second"), TensorDtype.Float32, randomSeed: 1));
        Assert.All(Directory.GetFiles(expected, "model.onnx*"), file => Assert.Equal(
            File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(exported, Path.GetFileName(file)))));
    }
}
