namespace Stip.TestKit.Gguf;

/// <summary>
/// A Llama of any size with random weights as one GGUF file, with a byte-level tokenizer: for tests of types, and for
/// benchmarks of models that must not be part of the repository.
/// </summary>
/// <param name="HiddenSize">Width of the residual stream.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key and value heads.</param>
/// <param name="HeadDim">Channels of a head.</param>
/// <param name="InnerSize">Width of the feed-forward part.</param>
/// <param name="VocabSize">Tokens, at least 257: all bytes and an end of text.</param>
public sealed record RandomLlama(
    int HiddenSize, int Layers, int Heads, int KvHeads, int HeadDim, int InnerSize, int VocabSize)
{
    private const float TableSize = 0.5f;

    /// <summary>The shape of SmolLM2-135M.</summary>
    public static RandomLlama SmolLm135 { get; } = new(576, 30, 9, 3, 64, 1536, 49_152);

    /// <summary>Most positions (default: 2,048).</summary>
    public int ContextLength { get; init; } = 2048;

    /// <summary>True (default) where the head is the token table.</summary>
    public bool IsTied { get; init; } = true;

    /// <summary>Architecture that the file names (default: <c>llama</c>).</summary>
    public string Architecture { get; init; } = "llama";

    /// <summary>Experts of a layer; 0 (default) for a plain feed-forward part.</summary>
    public int Experts { get; init; }

    /// <summary>Experts of a row.</summary>
    public int ChosenExperts { get; init; } = 2;

    /// <summary>True where queries and keys have norms.</summary>
    public bool HasHeadNorms { get; init; }

    /// <summary>Metadata beside what every file has.</summary>
    public IReadOnlyList<(string Key, object Value)> Extra { get; init; } = [];

    /// <summary>Writes the file.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="type">How matrices are stored; vectors are float32.</param>
    /// <param name="seed">The same seed gives the same file.</param>
    public void Write(string path, GgufType type, int seed)
    {
        var writer = Describe();
        var random = new Random(seed);
        Matrix("token_embd", VocabSize, HiddenSize, TableSize);
        Vector("output_norm", HiddenSize);
        if (!IsTied)
        {
            Matrix("output", VocabSize, HiddenSize);
        }

        for (var layer = 0; layer < Layers; layer++)
        {
            var name = $"blk.{layer}";
            Vector($"{name}.attn_norm", HiddenSize);
            Matrix($"{name}.attn_q", Heads * HeadDim, HiddenSize);
            Matrix($"{name}.attn_k", KvHeads * HeadDim, HiddenSize);
            Matrix($"{name}.attn_v", KvHeads * HeadDim, HiddenSize);
            Matrix($"{name}.attn_output", HiddenSize, Heads * HeadDim);
            Vector($"{name}.ffn_norm", HiddenSize);
            if (HasHeadNorms)
            {
                Vector($"{name}.attn_q_norm", HeadDim);
                Vector($"{name}.attn_k_norm", HeadDim);
            }

            FeedForward(name);
        }

        writer.Save(path);

        void FeedForward(string name)
        {
            if (Experts == 0)
            {
                Matrix($"{name}.ffn_gate", InnerSize, HiddenSize);
                Matrix($"{name}.ffn_up", InnerSize, HiddenSize);
                Matrix($"{name}.ffn_down", HiddenSize, InnerSize);
                return;
            }

            Add($"{name}.ffn_gate_inp", GgufType.Named("F32"), [Experts, HiddenSize], size: null);
            Add($"{name}.ffn_gate_exps", type, [Experts, InnerSize, HiddenSize], size: null);
            Add($"{name}.ffn_up_exps", type, [Experts, InnerSize, HiddenSize], size: null);
            Add($"{name}.ffn_down_exps", type, [Experts, HiddenSize, InnerSize], size: null);
        }

        void Matrix(string name, int rows, int columns, float? size = null) =>
            Add(name, type, [rows, columns], size);

        void Add(string name, GgufType type, long[] shape, float? size) => writer.AddTensor(
            $"{name}.weight",
            type,
            shape,
            stream => RandomBlocks.Write(
                stream,
                type,
                shape.Aggregate(1L, (product, length) => product * length),
                random,
                size ?? 1 / MathF.Sqrt(shape[^1])));

        void Vector(string name, int length) => writer.AddTensor(
            $"{name}.weight",
            GgufType.Named("F32"),
            [length],
            stream => RandomBlocks.WriteVector(stream, length, random, centre: 1, size: 0.2f));
    }

    private GgufWriter Describe()
    {
        var prefix = Architecture;
        var writer = new GgufWriter()
            .Add("general.architecture", prefix)
            .Add("general.name", "random")
            .Add($"{prefix}.context_length", ContextLength)
            .Add($"{prefix}.embedding_length", HiddenSize)
            .Add($"{prefix}.block_count", Layers)
            .Add($"{prefix}.feed_forward_length", InnerSize)
            .Add($"{prefix}.attention.head_count", Heads)
            .Add($"{prefix}.attention.head_count_kv", KvHeads)
            .Add($"{prefix}.attention.key_length", HeadDim)
            .Add($"{prefix}.attention.value_length", HeadDim)
            .Add($"{prefix}.attention.layer_norm_rms_epsilon", 1e-5f)
            .Add($"{prefix}.rope.dimension_count", HeadDim)
            .Add($"{prefix}.rope.freq_base", 10000f);
        if (Experts > 0)
        {
            writer.Add($"{prefix}.expert_count", Experts)
                .Add($"{prefix}.expert_used_count", ChosenExperts)
                .Add($"{prefix}.expert_feed_forward_length", InnerSize);
        }

        ByteTokens.Describe(writer, VocabSize);
        foreach (var (key, value) in Extra)
        {
            writer.Add(key, value);
        }

        return writer;
    }
}
