using Stip.Client.Bundles;
using Stip.Client.Embedding;
using Stip.Keys.Bundles;
using Stip.TestKit;

namespace Stip.Client.Tests.Embedding;

/// <summary>Rows of tokens, and what is said where there is none.</summary>
public sealed class TokenGraphTests : IDisposable
{
    // One Gather of input_ids from a float32 table [4, 2] that counts from 0.
    private const string Graph =
        "CAg6mwEKJQoBdAoJaW5wdXRfaWRzEg1pbnB1dHNfZW1iZWRzIgZHYXRoZXISAWcqKwgECAIQAUIBdEogAAAAAAAAgD8AAABAAABAQAAAgEAA"
        + "AKBAAADAQAAA4EBaHAoJaW5wdXRfaWRzEg8KDQgHEgkKAggBCgMSAW5iJAoNaW5wdXRzX2VtYmVkcxITChEIARINCgIIAQoDEgFuCgIIAkIE"
        + "CgAQEQ==";

    // The same of one token.
    private const string OneToken =
        "CAg6mQEKJQoBdAoJaW5wdXRfaWRzEg1pbnB1dHNfZW1iZWRzIgZHYXRoZXISAWcqKwgECAIQAUIBdEogAAAAAAAAgD8AAABAAABA"
        + "QAAAgEAAAKBAAADAQAAA4EBaGwoJaW5wdXRfaWRzEg4KDAgHEggKAggBCgIIAWIjCg1pbnB1dHNfZW1iZWRzEhIKEAgBEgwKAggB"
        + "CgIIAQoCCAJCBAoAEBE=";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Rows_OfTokens_AreThoseOfTheTable()
    {
        using var graph = Load();

        Assert.Equal([2f, 3f, 6f, 7f], graph.Rows([1, 3]).Chunk(4).Select(bytes => BitConverter.ToSingle(bytes)));
    }

    [Fact]
    public void Rows_OfAGraphThatTakesOneToken_AreThoseOfEach()
    {
        using var graph = Load(OneToken);

        Assert.Equal([2f, 3f, 6f, 7f], graph.Rows([1, 3]).Chunk(4).Select(bytes => BitConverter.ToSingle(bytes)));
        Assert.Equal([4f, 5f], graph.Rows([2]).Chunk(4).Select(bytes => BitConverter.ToSingle(bytes)));
    }

    // The vocabulary of the logits may have more tokens than the table has rows.
    [Fact]
    public void Rows_OfATokenWithoutOne_AreRefusedWithoutSayingIt()
    {
        using var graph = Load();

        var refusal = Assert.Throws<BundleException>(() => graph.Rows([1, 57]));

        Assert.DoesNotContain("57", refusal.ToString().Split("   at ")[0], StringComparison.Ordinal);
        Assert.Contains("rows.onnx cannot take 2 tokens", refusal.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private TokenGraph Load(string graph = Graph)
    {
        File.WriteAllBytes(_folder.At("rows.onnx"), Convert.FromBase64String(graph));
        return TokenGraph.Load(
            _folder.Path,
            new ClientGraphManifest(
                "rows.onnx", [new("input_ids", "int64", [])], [new("inputs_embeds", "float32", [])]),
            new BundleManifest(
                "stip/1", "pair", "i", 1, "permutation", "f", "encoder-decoder", 2, 64, 16, "float32", null, [1],
                new EmbeddingManifest([])));
    }
}
