namespace Stip.TestKit.Gguf;

/// <summary>A tokenizer of single bytes: an end of text, the 256 bytes, and what fills the vocabulary up.</summary>
internal static class ByteTokens
{
    private const int Normal = 1;
    private const int Control = 3;
    private const int Unused = 5;

    public static void Describe(GgufWriter writer, int vocabSize)
    {
        string[] bytes = [.. Alphabet()];
        string[] tokens =
        [
            "<|endoftext|>",
            .. bytes,
            .. Enumerable.Range(bytes.Length + 1, vocabSize - bytes.Length - 1).Select(id => $"[unused{id}]"),
        ];
        writer.Add("tokenizer.ggml.model", "gpt2")
            .Add("tokenizer.ggml.pre", "gpt-2")
            .Add("tokenizer.ggml.tokens", tokens)
            .Add("tokenizer.ggml.token_type", tokens.Select((_, id) =>
                id == 0 ? Control : id <= bytes.Length ? Normal : Unused).ToArray())
            .Add("tokenizer.ggml.merges", Array.Empty<string>())
            .Add("tokenizer.ggml.bos_token_id", 0)
            .Add("tokenizer.ggml.eos_token_id", 0)
            .Add("tokenizer.ggml.add_bos_token", false);
    }

    // GPT-2's alphabet: bytes that print stand for themselves, the others for characters from U+0100 on.
    public static IEnumerable<string> Alphabet()
    {
        var next = 0x100;
        for (var value = 0; value < 256; value++)
        {
            var prints = value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            yield return ((char)(prints ? value : next++)).ToString();
        }
    }
}
