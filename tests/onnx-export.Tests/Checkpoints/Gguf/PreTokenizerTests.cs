using System.Text.Json.Nodes;
using Stip.Client.Tokenization;
using Stip.Export.Checkpoints.Gguf;
using Stip.Export.Checkpoints.Gguf.Tokenizer;
using Stip.TestKit;
using Stip.TestKit.Gguf;

namespace Stip.Export.Tests.Checkpoints.Gguf;

/// <summary>
/// Ids that llama.cpp gives for each name of <c>tokenizer.ggml.pre</c>, on a vocabulary that was merged without any cut
/// so that every cut shows.
/// </summary>
public sealed class PreTokenizerTests : IDisposable
{
    private static readonly JsonNode Golden = JsonNode.Parse(
        File.ReadAllText(RepositoryRoot.At("tests", "data", "gguf-tokenizers", "pre-tokenizers.json")))!;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Names => [.. Groups.SelectMany(group => Texts(group["names"]!))];

    private static IEnumerable<JsonNode> Groups => Golden["groups"]!.AsArray().OfType<JsonNode>();

    [Theory]
    [MemberData(nameof(Names))]
    public void Ids_OfAPreTokenizer_AreThoseOfLlamaCpp(string name)
    {
        var tokenizer = Tokenizer(name);
        var known = Groups.Single(group => Texts(group["names"]!).Contains(name))["ids"]!.AsArray();
        var texts = Texts(Golden["texts"]!);

        for (var at = 0; at < texts.Length; at++)
        {
            if (known[at] is { } ids)
            {
                Assert.Equal(ids.AsArray().Select(id => (int)id!), tokenizer.Encode(texts[at]));
            }
        }
    }

    public void Dispose() => _folder.Dispose();

    private static string[] Texts(JsonNode node) => [.. node.AsArray().Select(text => (string)text!)];

    private TextTokenizer Tokenizer(string name)
    {
        string[] bytes = [.. Enumerable.Range(0, 256).Select(value => ByteText((byte)value))];
        string[] tokens = [.. bytes, .. Texts(Golden["tokens"]!)];
        new GgufWriter()
            .Add("tokenizer.ggml.model", "gpt2")
            .Add("tokenizer.ggml.pre", name)
            .Add("tokenizer.ggml.tokens", tokens)
            .Add("tokenizer.ggml.merges", Texts(Golden["merges"]!))
            .Save(_folder.At("a.gguf"));
        using var file = GgufFile.Open(_folder.At("a.gguf"));
        File.WriteAllBytes(_folder.At("tokenizer.json"), GgufTokenizerFiles.Make(file.Metadata)["tokenizer.json"]);
        return TextTokenizer.FromFolder(_folder.Path);
    }

    // GPT-2's alphabet: printable bytes stand for themselves, the others for what comes from U+0100 on, in their order.
    private static string ByteText(byte value) => IsPrintable(value)
        ? $"{(char)value}"
        : $"{(char)(256 + Enumerable.Range(0, value).Count(lower => !IsPrintable((byte)lower)))}";

    private static bool IsPrintable(byte value) => value is >= 33 and <= 126 or >= 161 and <= 172 or >= 174;
}
