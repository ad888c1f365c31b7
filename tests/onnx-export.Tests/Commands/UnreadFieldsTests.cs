using System.Text.Json.Nodes;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

/// <summary>Fields of config.json that no formula asks for are said, not passed over.</summary>
public sealed class UnreadFieldsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("""{"odd_scale": 2, "rope_scaling": {"rope_type": "linear", "factor": 2, "bend": 3}}""",
        "odd_scale, rope_scaling.bend")]
    [InlineData("""{"odd_scale": null, "attention_dropout": 0.1, "use_cache": true}""", null)]
    public void Export_OfFieldsThatNothingAsksFor_NamesThem(string fields, string? expected)
    {
        var (exitCode, error) = Export("LlamaForCausalLM", fields);

        Assert.Equal(0, exitCode);
        Assert.Equal(
            expected is null ? "" : "warning: config.json has fields that nothing of this model asks for: "
                + $"{expected}; if one of them changes what it computes, the graph does not know",
            error.Trim());
    }

    // Lists of fields as their publishers have them, sizes apart.
    [Theory]
    [InlineData("Qwen2ForCausalLM", """
        {"model_type": "qwen2", "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
         "initializer_range": 0.02, "max_window_layers": 28, "num_key_value_heads": 1, "rms_norm_eps": 1e-06,
         "rope_theta": 1000000.0, "sliding_window": 131072, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
         "transformers_version": "4.43.1", "use_cache": true, "use_sliding_window": false}
        """)]
    [InlineData("Gemma2ForCausalLM", """
        {"model_type": "gemma2", "attention_bias": false, "attn_logit_softcapping": 50.0, "bos_token_id": 2,
         "cache_implementation": "hybrid", "final_logit_softcapping": 30.0, "head_dim": 16,
         "hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh", "num_key_value_heads": 1,
         "pad_token_id": 0, "query_pre_attn_scalar": 16, "rms_norm_eps": 1e-06, "rope_theta": 10000.0,
         "sliding_window": 4096, "sliding_window_size": 4096, "use_cache": true}
        """)]
    [InlineData("Gemma3ForCausalLM", """
        {"model_type": "gemma3_text", "_sliding_window_pattern": 6, "head_dim": 16, "rope_local_base_freq": 10000.0,
         "hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 16, "rms_norm_eps": 1e-06,
         "layer_types": ["sliding_attention"], "num_key_value_heads": 1, "rope_theta": 1000000,
         "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 512}
        """)]
    [InlineData("GptOssForCausalLM", """
        {"model_type": "gpt_oss", "attention_bias": true, "experts_per_token": 2, "head_dim": 64,
         "hidden_act": "silu", "initial_context_length": 4096, "layer_types": ["full_attention"],
         "num_experts_per_tok": 2, "num_key_value_heads": 1, "num_local_experts": 2, "output_router_logits": false,
         "rms_norm_eps": 1e-05, "rope_scaling": {"beta_fast": 32.0, "beta_slow": 1.0, "factor": 32.0,
         "original_max_position_embeddings": 32, "rope_type": "yarn", "truncate": false}, "rope_theta": 150000,
         "router_aux_loss_coef": 0.9, "sliding_window": 128, "swiglu_limit": 7.0, "tie_word_embeddings": false}
        """)]
    [InlineData("GPT2LMHeadModel", """
        {"model_type": "gpt2", "activation_function": "gelu_new", "attn_pdrop": 0.1, "bos_token_id": 36,
         "embd_pdrop": 0.1, "layer_norm_epsilon": 1e-05, "n_ctx": 32, "n_embd": 32, "n_head": 2, "n_layer": 1,
         "n_positions": 32, "resid_pdrop": 0.1, "summary_activation": null, "summary_proj_to_labels": true,
         "summary_type": "cls_index", "task_specific_params": {"text-generation": {"do_sample": true}}}
        """)]
    [InlineData("GPTJForCausalLM", """
        {"model_type": "gptj", "activation_function": "gelu_new", "n_embd": 32, "n_head": 2, "n_layer": 1,
         "n_positions": 32, "rotary": true, "rotary_dim": 8, "scale_attn_weights": true}
        """)]
    [InlineData("Phi3ForCausalLM", """
        {"model_type": "phi3", "original_max_position_embeddings": 32, "rope_scaling": null, "sliding_window": 2047}
        """)]
    [InlineData("Starcoder2ForCausalLM", """
        {"model_type": "starcoder2", "mlp_type": "default", "norm_epsilon": 1e-05, "norm_type": "layer_norm",
         "rope_theta": 100000, "sliding_window": 4096, "use_bias": true}
        """)]
    [InlineData("LlamaForCausalLM", """
        {"rope_parameters": {"rope_type": "linear", "type": "linear", "factor": 2.0, "rope_theta": 10000.0}}
        """)]
    public void Export_OfAPublishersFields_IsSilent(string architecture, string fields)
    {
        var (exitCode, error) = Export(architecture, fields);

        Assert.Equal((0, ""), (exitCode, error.Trim()));
    }

    public void Dispose() => _folder.Dispose();

    private (int ExitCode, string Error) Export(string architecture, string fields)
    {
        var config = JsonNode.Parse(fields)!.AsObject();
        config["architectures"] = new JsonArray(architecture);
        config["vocab_size"] = 37;
        if (!config.ContainsKey("n_embd"))
        {
            (config["hidden_size"], config["intermediate_size"]) = (32, 40);
            (config["num_hidden_layers"], config["num_attention_heads"]) = (1, 2);
            config["max_position_embeddings"] = 32;
        }

        Directory.CreateDirectory(_folder.At("source"));
        File.WriteAllText(_folder.At("source/config.json"), config.ToJsonString());
        var (exitCode, _, error) = CommandLine.Run(
            "export", "--checkpoint", _folder.At("source"), "--output", _folder.At("out"), "--random-weights", "1");
        return (exitCode, error);
    }
}
