using System.Text.Json.Nodes;

namespace Stip.Export.Tests.Architectures;

/// <summary>config.json as the definitions of the families read it.</summary>
internal sealed class ScalarConfig(JsonObject json)
{
    public int Hidden => Int("hidden_size") ?? Int("n_embd") ?? Int("d_model")!.Value;

    public int Layers => Int("num_hidden_layers") ?? Int("n_layer") ?? Int("n_layers")!.Value;

    public int Heads => Int("num_attention_heads") ?? Int("n_head") ?? Int("n_heads")!.Value;

    public int KvHeads => Int("num_key_value_heads") ?? Heads;

    public int Dim => Int("head_dim") ?? Hidden / Heads;

    public int Vocab => Int("vocab_size")!.Value;

    public int Inner => Int("intermediate_size")!.Value;

    public double Theta => Number("rope_theta") ?? (double?)json["rope_parameters"]?["rope_theta"] ?? 10000;

    public ScalarAttention Attention => new(Heads, KvHeads, Dim);

    public int? Int(string name) => (int?)json[name];

    public double? Number(string name) => (double?)json[name];

    public bool Flag(string name, bool otherwise = false) => (bool?)json[name] ?? otherwise;
}
