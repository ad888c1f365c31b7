using Stip.TestKit;

namespace Stip.Bench.Scenarios;

/// <summary>A Llama with random weights, made where it is needed: sizes that no checkpoint of the repository has.
/// </summary>
internal static class RandomModel
{
    public const string Name = "random-25m";

    private const string Config = """
        {"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":512,"intermediate_size":1376,
         "num_hidden_layers":6,"num_attention_heads":8,"num_key_value_heads":4,"head_dim":64,"vocab_size":8192,
         "max_position_embeddings":4096,"rms_norm_eps":1e-5,"rope_theta":10000.0,"tie_word_embeddings":false,
         "hidden_act":"silu","bos_token_id":1,"eos_token_id":2,"torch_dtype":"float32"}
        """;

    /// <summary>Writes the exported, the protected and the plain package into a folder.</summary>
    public static async Task<(string Exported, string Protected, string Plain)> MakeAsync(string folder)
    {
        string At(string name) => Path.Combine(folder, name);
        Directory.CreateDirectory(At("checkpoint"));
        await File.WriteAllTextAsync(Path.Combine(At("checkpoint"), "config.json"), Config);
        await ModelPackages.RunAsync(
            "export", "--checkpoint", At("checkpoint"), "--random-weights", "1", "--output", At("exported"));
        await ModelPackages.RunAsync("protect", "--model", At("exported"), "--output", At("protected"), "--name", Name);
        await ModelPackages.RunAsync(
            "protect", "--model", At("exported"), "--output", At("plain"), "--name", $"{Name}-plain", "--mode", "none");
        return (At("exported"), At("protected"), At("plain"));
    }
}
