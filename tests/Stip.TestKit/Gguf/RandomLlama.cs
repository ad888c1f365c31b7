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
            Matrix($"{name}.ffn_gate", InnerSize, HiddenSize);
            Matrix($"{name}.ffn_up", InnerSize, HiddenSize);
            Matrix($"{name}.ffn_down", HiddenSize, InnerSize);
        }

        writer.Save(path);

        void Matrix(string name, int rows, int columns, float? size = null) => writer.AddTensor(
            $"{name}.weight",
            type,
            [rows, columns],
            stream => RandomBlocks.Write(
                stream, type, (long)rows * columns, random, size ?? 1 / MathF.Sqrt(columns)));

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
        ByteTokens.Describe(writer, VocabSize);
        foreach (var (key, value) in Extra)
        {
            writer.Add(key, value);
        }

        return writer;
    }
}
