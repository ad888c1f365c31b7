using System.Runtime.InteropServices;
using System.Text.Json;
using Stip.Client.Bundles;
using Stip.Client.Embedding;
using Stip.Keys.Bundles;
using Stip.TestKit;

namespace Stip.Client.Tests.Embedding;

/// <summary>A graph from ids to rows with a cache that grows: rows of later tokens hang on earlier ones.</summary>
public sealed class TokenLayersTests : IDisposable
{
    // present is past and the tokens' rows of a float32 table [4, 2] that counts from 0; a row that is sent is a
    // token's own and the sum of present.
    private const string Graph =
        "CAgSADqGAwoZCgF0CglpbnB1dF9pZHMSAXIiBkdhdGhlcgoUCgFyCgFhEgF1IglVbnNxdWVlemUKJwoEcGFzdAoBdRIHcHJlc2VudCIG"
        + "Q29uY2F0KgsKBGF4aXMYAqABAgorCgdwcmVzZW50CgFiEgFzIglSZWR1Y2VTdW0qDwoIa2VlcGRpbXMYAKABAgoaCgFyCgFzEg1pbnB1"
        + "dHNfZW1iZWRzIgNBZGQSAWcqKwgECAIQAUIBdEogAAAAAAAAgD8AAABAAABAQAAAgEAAAKBAAADAQAAA4EAqEQgBEAdCAWFKCAEAAAAA"
        + "AAAAKhEIARAHQgFiSggCAAAAAAAAAFodCglpbnB1dF9pZHMSEAoOCAcSCgoDEgFiCgMSAW5aIAoEcGFzdBIYChYIARISCgMSAWIKAggB"
        + "CgMSAXAKAggCYiUKDWlucHV0c19lbWJlZHMSFAoSCAESDgoDEgFiCgMSAW4KAggCYiMKB3ByZXNlbnQSGAoWCAESEgoDEgFiCgIIAQoD"
        + "EgFxCgIIAkIECgAQDQ==";

    // The same of one token.
    private const string OneToken =
        "CAgSADqEAwoZCgF0CglpbnB1dF9pZHMSAXIiBkdhdGhlcgoUCgFyCgFhEgF1IglVbnNxdWVlemUKJwoEcGFzdAoBdRIHcHJlc2VudCIG"
        + "Q29uY2F0KgsKBGF4aXMYAqABAgorCgdwcmVzZW50CgFiEgFzIglSZWR1Y2VTdW0qDwoIa2VlcGRpbXMYAKABAgoaCgFyCgFzEg1pbnB1"
        + "dHNfZW1iZWRzIgNBZGQSAWcqKwgECAIQAUIBdEogAAAAAAAAgD8AAABAAABAQAAAgEAAAKBAAADAQAAA4EAqEQgBEAdCAWFKCAEAAAAA"
        + "AAAAKhEIARAHQgFiSggCAAAAAAAAAFocCglpbnB1dF9pZHMSDwoNCAcSCQoDEgFiCgIIAVogCgRwYXN0EhgKFggBEhIKAxIBYgoCCAEK"
        + "AxIBcAoCCAJiJAoNaW5wdXRzX2VtYmVkcxITChEIARINCgMSAWIKAggBCgIIAmIjCgdwcmVzZW50EhgKFggBEhIKAxIBYgoCCAEKAxIB"
        + "cQoCCAJCBAoAEA0=";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Run_AfterOtherTokens_KnowsThem()
    {
        using var layers = Load();
        using var sequence = layers.OpenSequence();

        Assert.Equal([4, 6], Run(sequence, 0, 1)); // [2, 3] twice
        Assert.Equal([10, 13], Run(sequence, 1, 2)); // [4, 5] and [6, 8]
        Assert.Equal([6, 10], Run(sequence, 2, 0)); // [0, 1] and [6, 9]
    }

    [Fact]
    public void Run_OfAGraphThatTakesOneToken_IsThatOfEachAfterTheOther()
    {
        using var layers = Load(OneToken);
        using var sequence = layers.OpenSequence();

        Assert.Equal(
            [4, 6, 10, 13], MemoryMarshal.Cast<byte, float>(sequence.Run([1, 2], 0)).ToArray());
        Assert.Equal([6, 10], Run(sequence, 2, 0));
    }

    [Fact]
    public void Run_AtAnEarlierPlace_ForgetsWhatCameBehind()
    {
        using var layers = Load();
        using var sequence = layers.OpenSequence();
        sequence.Run([1, 3, 3], 0);

        Assert.Equal([10, 13], Run(sequence, 1, 2));
        Assert.Equal([4, 6], Run(sequence, 0, 1));
    }

    [Fact]
    public void Fork_OfSomeTokens_GoesOnByItself()
    {
        using var layers = Load();
        using var sequence = layers.OpenSequence();
        sequence.Run([1, 3], 0);
        using var fork = sequence.Fork(1);

        Assert.Equal([10, 13], Run(fork, 1, 2));
        Assert.Equal([8, 12], Run(sequence, 2, 0)); // [0, 1] and [8, 11]
    }

    [Fact]
    public void Run_OfATokenWithoutARow_IsRefusedWithoutSayingItAndChangesNothing()
    {
        using var layers = Load();
        using var sequence = layers.OpenSequence();
        sequence.Run([1], 0);

        var refusal = Assert.Throws<BundleException>(() => sequence.Run([57], 1));

        Assert.DoesNotContain("57", refusal.ToString().Split("   at ")[0], StringComparison.Ordinal);
        Assert.Contains("layers.onnx cannot take 1 tokens", refusal.Message, StringComparison.Ordinal);
        Assert.Equal([10, 13], Run(sequence, 1, 2));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(64)]
    public void Run_OfAnIdOutsideTheVocabulary_IsRefused(int id)
    {
        using var layers = Load();
        using var sequence = layers.OpenSequence();

        Assert.Throws<ArgumentOutOfRangeException>(() => sequence.Run([id], 0));
    }

    [Fact]
    public void Fault_OfLayersWithoutAListOfCaches_SaysToProtectAgain()
    {
        var fault = TokenLayers.Fault(Manifest() with { Caches = null }, layers: 2, keeps: true);

        Assert.Contains("protect the model again", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("past", "none of ids, mask, positions, types and caches", "batch")] // not listed
    [InlineData("other", "none of ids, mask, positions, types and caches", "batch", "length")]
    [InlineData("past", "not lengths, one 'length' and at most one 'batch'", "batch", "width", "length")]
    [InlineData("past", "not lengths, one 'length' and at most one 'batch'", "batch", "batch", "length")]
    public void Fault_OfWhatCannotBeFilled_NamesIt(string past, string expected, params string[] axes)
    {
        var caches = axes.Length == 1 ? [] : new[] { new ClientCacheManifest(past, "present", Axes(axes)) };

        var fault = TokenLayers.Fault(Manifest() with { Caches = caches }, layers: 1, keeps: true);

        Assert.Contains(expected, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Fault_OfAManifestThatLacksParts_SaysSo()
    {
        ClientGraphManifest[] lacking =
        [
            Manifest() with { Inputs = null! }, Manifest() with { Outputs = null! },
            Manifest() with { Caches = [null!] }, Manifest() with { Caches = [new("past", "present", null!)] },
        ];

        Assert.All(lacking, manifest => Assert.StartsWith(
            "a client graph without", TokenLayers.Fault(manifest, layers: 1, keeps: true), StringComparison.Ordinal));
    }

    [Fact]
    public void Fault_OfAGraphThatGivesMore_NamesIt()
    {
        var manifest = Manifest();

        var fault = TokenLayers.Fault(
            manifest with { Outputs = [.. manifest.Outputs, new("lengths", "int64", [])] }, layers: 1, keeps: true);

        Assert.Contains("'lengths'", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfAGraphThatIsNotTheManifests_IsRefused()
    {
        File.WriteAllBytes(_folder.At("layers.onnx"), Convert.FromBase64String(Graph));
        var caches = new[] { new ClientCacheManifest("before", "present", Axes("batch", "length")) };

        var refusal = Assert.Throws<BundleException>(() => TokenLayers.Load(
            _folder.Path, Manifest() with { Caches = caches }, Bundle));

        Assert.Contains("takes 'past', of which bundle.json says nothing", refusal.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static BundleManifest Bundle => new(
        "stip/1", "layers", "i", 1, "permutation", "f", "decoder", 2, 64, 16, "float32", null, [1],
        new EmbeddingManifest([]))
    { ClientLayers = 1 };

    private TokenLayers Load(string graph = Graph)
    {
        File.WriteAllBytes(_folder.At("layers.onnx"), Convert.FromBase64String(graph));
        var manifest = Manifest();
        Assert.Null(TokenLayers.Fault(manifest, layers: 1, keeps: true));
        return TokenLayers.Load(_folder.Path, manifest, Bundle);
    }

    private static ClientGraphManifest Manifest() => new(
        "layers.onnx",
        [new("input_ids", "int64", []), new("past", "float32", [])],
        [new("inputs_embeds", "float32", []), new("present", "float32", [])])
    {
        Caches = [new("past", "present", Axes("batch", "1", "length", "2"))],
    };

    private static JsonElement[] Axes(params string[] axes) =>
        [.. axes.Select(axis => JsonSerializer.SerializeToElement(int.TryParse(axis, out var n) ? n : (object)axis))];

    private static float[] Run(TokenLayersSequence sequence, int position, int token) =>
        MemoryMarshal.Cast<byte, float>(sequence.Run([token], position)).ToArray();
}
