using System.Text.Json;
using System.Text.Json.Nodes;

namespace Stip.Bench.Models;

/// <summary>The <c>config.json</c> of a model with random weights.</summary>
/// <param name="Parameters">Number of weights, about; the tables included.</param>
/// <param name="Config">What <c>export --random-weights</c> reads.</param>
/// <param name="Dtype">Type the graph computes in.</param>
internal sealed record ModelShape(long Parameters, JsonObject Config, string Dtype = "float32")
{
    public static ModelShape Llama(
        int hidden, int inner, int layers, int heads, int kvHeads, int vocab, int context, string dtype = "float32")
    {
        var head = hidden / heads;
        var layer = 2L * hidden * heads * head + 2L * hidden * kvHeads * head + 3L * hidden * inner;
        return new ModelShape(
            2L * vocab * hidden + layers * layer,
            Parse(FormattableString.Invariant($$"""
                {"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":{{hidden}},
                 "intermediate_size":{{inner}},"num_hidden_layers":{{layers}},"num_attention_heads":{{heads}},
                 "num_key_value_heads":{{kvHeads}},"head_dim":{{head}},"vocab_size":{{vocab}},
                 "max_position_embeddings":{{context}},"rms_norm_eps":1e-5,"rope_theta":10000.0,
                 "tie_word_embeddings":false,"hidden_act":"silu","bos_token_id":1,"eos_token_id":2,
                 "torch_dtype":"{{dtype}}"}
                """)),
            dtype);
    }

    public static ModelShape Gpt2(int hidden, int layers, int heads)
    {
        const int Vocab = 50_257;
        return new ModelShape(
            (long)Vocab * hidden + 1024L * hidden + layers * 12L * hidden * hidden,
            Parse(FormattableString.Invariant($$"""
                {"architectures":["GPT2LMHeadModel"],"model_type":"gpt2","n_embd":{{hidden}},"n_layer":{{layers}},
                 "n_head":{{heads}},"n_positions":1024,"n_inner":null,"vocab_size":{{Vocab}},
                 "activation_function":"gelu_new","layer_norm_epsilon":1e-5,"tie_word_embeddings":true,
                 "bos_token_id":50256,"eos_token_id":50256,"torch_dtype":"float32"}
                """)));
    }

    /// <summary>An encoder and a decoder as T5 has them.</summary>
    public static ModelShape T5(int hidden, int inner, int layers, int heads, int vocab)
    {
        // Encoder layers have one attention, decoder layers two; one table is both ends.
        var layer = 4L * hidden * hidden;
        return new ModelShape(
            (long)vocab * hidden + layers * (3 * layer + 4L * hidden * inner),
            Parse(FormattableString.Invariant($$"""
                {"architectures":["T5ForConditionalGeneration"],"model_type":"t5","d_model":{{hidden}},
                 "d_ff":{{inner}},"d_kv":{{hidden / heads}},"num_layers":{{layers}},"num_decoder_layers":{{layers}},
                 "num_heads":{{heads}},"vocab_size":{{vocab}},"n_positions":512,
                 "relative_attention_num_buckets":32,"relative_attention_max_distance":128,
                 "feed_forward_proj":"relu","layer_norm_epsilon":1e-6,"is_encoder_decoder":true,
                 "tie_word_embeddings":true,"decoder_start_token_id":0,"pad_token_id":0,"eos_token_id":1,
                 "torch_dtype":"float32"}
                """)));
    }

    public async Task WriteAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "config.json"), Config.ToJsonString(JsonSerializerOptions.Default));
    }

    private static JsonObject Parse(string text) => JsonNode.Parse(text)!.AsObject();
}
