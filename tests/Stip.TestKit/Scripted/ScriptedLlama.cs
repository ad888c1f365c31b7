using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Stip.Protocol.Tensors;
using Stip.TestKit.Gguf;

namespace Stip.TestKit.Scripted;

/// <summary>
/// A Llama that says what a script says: its attention and feed-forward parts add next to nothing, and the head's row
/// of a token is the embedding of the token before it. Everything else of it is that of any checkpoint.
/// </summary>
/// <param name="pieces">Texts that are tokens of their own, beside the 256 bytes.</param>
/// <param name="script">What follows which token; a key of one character is its byte.</param>
/// <param name="template">Chat template.</param>
public sealed partial class ScriptedLlama(
    IReadOnlyList<string> pieces, IReadOnlyDictionary<string, string> script, string template)
{
    /// <summary>The token that ends an answer.</summary>
    public const string End = "<|end|>";

    private const int HiddenSize = 64;
    private const int Heads = 4;
    private const int InnerSize = 96;

    // Large enough that a draw at temperature 1 follows the script as well.
    private const float Certainty = 40f / HiddenSize;

    private readonly string[] _bytes = [.. ByteTokens.Alphabet()];

    private string[] Added => [End, .. pieces];

    private int VocabSize => _bytes.Length + Added.Length;

    /// <summary>Writes a folder in the form of Hugging Face.</summary>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        Save("config.json", Config());
        Save("generation_config.json", new JsonObject { ["eos_token_id"] = Id(End) });
        Save("tokenizer.json", Tokenizer());
        Save("tokenizer_config.json", new JsonObject { ["eos_token"] = End, ["chat_template"] = template });
        File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), SafetensorsWriter.ToBytes([.. Tensors()]));

        void Save(string name, JsonObject content) =>
            File.WriteAllText(Path.Combine(folder, name), content.ToJsonString());
    }

    private int Id(string token) => Array.IndexOf(Added, token) is >= 0 and var piece
        ? _bytes.Length + piece
        : Array.IndexOf(_bytes, token) is >= 0 and var value ? value
        : throw new ArgumentException($"'{token}' is no token", nameof(token));

    private JsonObject Config() => new()
    {
        ["architectures"] = new JsonArray("LlamaForCausalLM"),
        ["model_type"] = "llama",
        ["hidden_act"] = "silu",
        ["hidden_size"] = HiddenSize,
        ["intermediate_size"] = InnerSize,
        ["num_hidden_layers"] = 1,
        ["num_attention_heads"] = Heads,
        ["num_key_value_heads"] = Heads,
        ["head_dim"] = HiddenSize / Heads,
        ["max_position_embeddings"] = 4096,
        ["rms_norm_eps"] = 1e-6,
        ["rope_theta"] = 10000.0,
        ["tie_word_embeddings"] = false,
        ["torch_dtype"] = "float32",
        ["vocab_size"] = VocabSize,
        ["eos_token_id"] = Id(End),
    };

    private JsonObject Tokenizer()
    {
        var vocabulary = new JsonObject();
        for (var id = 0; id < _bytes.Length; id++)
        {
            vocabulary[_bytes[id]] = id;
        }

        return new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray([.. Added.Select(AddedToken)]),
            ["pre_tokenizer"] = ByteLevel(),
            ["decoder"] = ByteLevel(),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray(),
            },
        };
    }

    // What is written like a control token is one, and has no text.
    private JsonNode AddedToken(string text) => new JsonObject
    {
        ["id"] = Id(text),
        ["content"] = text,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = ControlToken().IsMatch(text),
    };

    [GeneratedRegex(@"^(<\|.*\|>|\[/?[A-Z_]+\])$")]
    private static partial Regex ControlToken();

    private static JsonObject ByteLevel() => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = false,
        ["trim_offsets"] = true,
        ["use_regex"] = true,
    };

    private IEnumerable<SafetensorsWriter.Source> Tensors()
    {
        var random = new Random(1);
        var embedding = Normal(random, VocabSize * HiddenSize, 1);
        var head = Normal(random, VocabSize * HiddenSize, 0.1f);
        foreach (var (before, after) in script)
        {
            for (var i = 0; i < HiddenSize; i++)
            {
                head[(Id(after) * HiddenSize) + i] += Certainty * embedding[(Id(before) * HiddenSize) + i];
            }
        }

        yield return Tensor("model.embed_tokens.weight", embedding, VocabSize, HiddenSize);
        yield return Tensor("lm_head.weight", head, VocabSize, HiddenSize);
        foreach (var norm in (string[])["norm", "layers.0.input_layernorm", "layers.0.post_attention_layernorm"])
        {
            yield return Tensor($"model.{norm}.weight", [.. Enumerable.Repeat(1f, HiddenSize)], HiddenSize);
        }

        foreach (var matrix in (string[])["q_proj", "k_proj", "v_proj", "o_proj"])
        {
            yield return Quiet($"self_attn.{matrix}", HiddenSize, HiddenSize);
        }

        yield return Quiet("mlp.gate_proj", InnerSize, HiddenSize);
        yield return Quiet("mlp.up_proj", InnerSize, HiddenSize);
        yield return Quiet("mlp.down_proj", HiddenSize, InnerSize);

        SafetensorsWriter.Source Quiet(string name, int rows, int columns) => Tensor(
            $"model.layers.0.{name}.weight", Normal(random, rows * columns, 1e-3f), rows, columns);
    }

    // Box and Muller's method.
    private static float[] Normal(Random random, int count, float size) =>
    [
        .. Enumerable.Range(0, count).Select(_ =>
            size * MathF.Sqrt(-2 * MathF.Log(1 - random.NextSingle())) * MathF.Cos(MathF.Tau * random.NextSingle())),
    ];

    private static SafetensorsWriter.Source Tensor(string name, float[] values, params long[] shape) =>
        SafetensorsWriter.Source.FromBytes(
            name, TensorDtype.Float32, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
}
