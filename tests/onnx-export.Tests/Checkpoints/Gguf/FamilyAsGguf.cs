using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;
using Stip.TestKit.Gguf;

namespace Stip.Export.Tests.Checkpoints.Gguf;

/// <summary>Writes the random weights of a config.json as the GGUF file that a converter would make of them.</summary>
/// <param name="name">Value of <c>general.architecture</c>.</param>
/// <param name="config">The config.json.</param>
/// <param name="seed">Seed of the weights.</param>
internal sealed class FamilyAsGguf(string name, JsonObject config, long seed)
{
    private readonly GgufWriter _writer = new();

    private int Hidden => Int("hidden_size");

    private int Inner => Int("intermediate_size");

    private int HeadDim => (int?)config["head_dim"] ?? Hidden / Int("num_attention_heads");

    private int Queries => Int("num_attention_heads") * HeadDim;

    private int Keys => Int("num_key_value_heads") * HeadDim;

    public void Save(string path, params IEnumerable<(string Key, object Value)> extra)
    {
        Describe();
        foreach (var (key, value) in extra)
        {
            _writer.Add(key, value);
        }

        Add("model.embed_tokens.weight", "token_embd.weight", Int("vocab_size"), Hidden);
        Add("model.norm.weight", "output_norm.weight", Hidden);
        if ((bool?)config["tie_word_embeddings"] != true)
        {
            Add("lm_head.weight", "output.weight", Int("vocab_size"), Hidden);
        }

        for (var layer = 0; layer < Int("num_hidden_layers"); layer++)
        {
            AddLayer($"model.layers.{layer}", $"blk.{layer}");
        }

        _writer.Save(path);
    }

    /// <summary>Adds a tensor that only some files of the family have.</summary>
    public FamilyAsGguf With(string tensor, float[] values)
    {
        _writer.AddTensor(
            tensor,
            GgufType.Named("F32"),
            [values.Length],
            stream => stream.Write(MemoryMarshal.AsBytes<float>(values)));
        return this;
    }

    private void Describe()
    {
        _writer.Add("general.architecture", name)
            .Add($"{name}.context_length", Int("max_position_embeddings"))
            .Add($"{name}.embedding_length", Hidden)
            .Add($"{name}.block_count", Int("num_hidden_layers"))
            .Add($"{name}.feed_forward_length", Inner)
            .Add($"{name}.attention.head_count", Int("num_attention_heads"))
            .Add($"{name}.attention.head_count_kv", Int("num_key_value_heads"))
            .Add($"{name}.attention.key_length", HeadDim)
            .Add($"{name}.attention.value_length", HeadDim)
            .Add($"{name}.attention.layer_norm_rms_epsilon", 1e-6f)
            .Add($"{name}.rope.freq_base", 10000f);
    }

    private void AddLayer(string layer, string block)
    {
        AddNorms(layer, block);
        if (name == "phi3")
        {
            Add($"{layer}.self_attn.qkv_proj.weight", $"{block}.attn_qkv.weight", Queries + 2 * Keys, Hidden);
            Add($"{layer}.mlp.gate_up_proj.weight", $"{block}.ffn_up.weight", 2 * Inner, Hidden);
        }
        else
        {
            AddQkv(layer, block);
            Add($"{layer}.mlp.gate_proj.weight", $"{block}.ffn_gate.weight", Inner, Hidden);
            Add($"{layer}.mlp.up_proj.weight", $"{block}.ffn_up.weight", Inner, Hidden);
        }

        Add($"{layer}.self_attn.o_proj.weight", $"{block}.attn_output.weight", Hidden, Queries);
        Add($"{layer}.mlp.down_proj.weight", $"{block}.ffn_down.weight", Hidden, Inner);
    }

    private void AddNorms(string layer, string block)
    {
        Add($"{layer}.input_layernorm.weight", $"{block}.attn_norm.weight", Hidden);
        if (name == "gemma2")
        {
            Add($"{layer}.post_attention_layernorm.weight", $"{block}.post_attention_norm.weight", Hidden);
            Add($"{layer}.pre_feedforward_layernorm.weight", $"{block}.ffn_norm.weight", Hidden);
            Add($"{layer}.post_feedforward_layernorm.weight", $"{block}.post_ffw_norm.weight", Hidden);
            return;
        }

        Add($"{layer}.post_attention_layernorm.weight", $"{block}.ffn_norm.weight", Hidden);
        if (name == "qwen3")
        {
            Add($"{layer}.self_attn.q_norm.weight", $"{block}.attn_q_norm.weight", HeadDim);
            Add($"{layer}.self_attn.k_norm.weight", $"{block}.attn_k_norm.weight", HeadDim);
        }
    }

    private void AddQkv(string layer, string block)
    {
        foreach (var (part, rows) in new[] { ("q", Queries), ("k", Keys), ("v", Keys) })
        {
            var (from, to) = ($"{layer}.self_attn.{part}_proj", $"{block}.attn_{part}");
            Add($"{from}.weight", $"{to}.weight", rows, Hidden);
            if (name == "qwen2" || (bool?)config["attention_bias"] == true)
            {
                Add($"{from}.bias", $"{to}.bias", rows);
            }
        }

        if ((bool?)config["attention_bias"] == true)
        {
            Add($"{layer}.self_attn.o_proj.bias", $"{block}.attn_output.bias", Hidden);
        }
    }

    private void Add(string from, string to, params long[] shape)
    {
        using var tensors = new RandomTensors(seed, TensorDtype.Float32);
        var tensor = tensors.Require(from, shape);
        var values = new float[tensor.ElementCount];
        tensor.Read(0, values);
        if (name == "gemma2" && to.EndsWith("norm.weight", StringComparison.Ordinal))
        {
            values = Array.ConvertAll(values, value => value + 1);
        }

        if (name == "llama" && to.Split('.') is ["blk", _, "attn_q" or "attn_k", _])
        {
            values = Interleaved(values, (int)shape[0]);
        }

        _writer.AddTensor(
            to, GgufType.Named("F32"), shape, stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan())));
    }

    // Channels j and j + d/2 of a head become neighbours.
    private float[] Interleaved(float[] values, int rows)
    {
        var width = values.Length / rows;
        var result = new float[values.Length];
        for (var row = 0; row < rows; row++)
        {
            var (head, inside) = (row / HeadDim, row % HeadDim);
            var target = head * HeadDim + 2 * (inside % (HeadDim / 2)) + inside / (HeadDim / 2);
            values.AsSpan(row * width, width).CopyTo(result.AsSpan(target * width));
        }

        return result;
    }

    private int Int(string key) => (int)config[key]!;
}
