using System.Text.Json;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol.Packages;
using Stip.TestKit;

namespace Stip.Api.Tests.Registry;

/// <summary>Packages of an encoder and a decoder that lie about themselves.</summary>
public sealed class SequencePackageTests(TinyServer tiny) : IClassFixture<TinyServer>
{
    private const string Next = "decoder_with_past";

    [Theory]
    [InlineData("no later steps", "is served with the graphs encoder, decoder and decoder_with_past")]
    [InlineData("no encoder", "is served with the graphs encoder, decoder and decoder_with_past")]
    [InlineData("not merged", "or the two decoders merged with an input 'use_cache_branch'")]
    [InlineData("no length", "source_length is missing and must be above 0")]
    [InlineData("no cache", "decoder_with_past has no cache of layout 'growing' with tensors and cross")]
    [InlineData("no cross", "decoder_with_past has no cache of layout 'growing' with tensors and cross")]
    [InlineData("no tensors", "decoder_with_past has no cache of layout 'growing' with tensors and cross")]
    [InlineData("a cache too many", "the cache belongs to decoder_with_past alone")]
    [InlineData("cross twice", "cache tensor 'past_key_values.0.encoder.key' is listed twice")]
    [InlineData("a strange present", "decoder has no output 'ghost'")]
    [InlineData("a strange past", "decoder_with_past has no input 'ghost'")]
    [InlineData("a past left out", "input 'past_key_values.0.encoder.value' is none that a server can fill")]
    [InlineData("another width", "'past_key_values.0.encoder.key' of float32 [batch, 1, length, 31]")]
    [InlineData("another hidden size", "encoder has no 'inputs_embeds' of floats [batch, rows, 31]")]
    [InlineData("exchanged", "decoder has no 'encoder_hidden_states' of float32 [batch, rows, 32]")]
    public async Task Registration_OfALie_NamesTheFault(string lie, string fault)
    {
        using var folder = new TemporaryFolder();
        PackageFiles.Write(folder.Path, Lie(lie, new TinySequence().WriteTo(folder.Path)));

        using var pushed = await tiny.Server.Caller().PushAsync(folder.Path);

        var error = await ApiCaller.RefusedAsync(pushed, 422, "package_invalid");
        Assert.Contains(fault, error.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("encoder", "logits", "y7", "ports name 'logits', which is none of inputs_embeds, attention_mask and")]
    [InlineData("encoder", "last_hidden_state", "y99", "encoder has no output 'y99', which is to be last_hidden_state")]
    [InlineData("decoder", "encoder_hidden_states", "x8", "'x8' is two things")]
    [InlineData("decoder", "encoder_attention_mask", "y8", "decoder has no input 'y8'")]
    [InlineData("decoder_with_past", "inputs_embeds", "x19", "'x19' is two things: a port, and another")]
    [InlineData("decoder_with_past", "position_ids", "x17", "ports name 'position_ids', which is none of")]
    public async Task Registration_OfAPortThatIsNone_NamesTheFault(string role, string usual, string own, string fault)
    {
        using var folder = new TemporaryFolder();
        var honest = new TinySequence { IsRenamed = true }.WriteTo(folder.Path);
        PackageFiles.Write(folder.Path, With(honest, role, graph => graph with
        {
            Ports = new Dictionary<string, string>(graph.Ports!) { [usual] = own },
        }));

        using var pushed = await tiny.Server.Caller().PushAsync(folder.Path);

        var error = await ApiCaller.RefusedAsync(pushed, 422, "package_invalid");
        Assert.Contains(fault, error.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Registration_OfAMaskForTwo_IsRefused()
    {
        using var folder = new TemporaryFolder();
        new TinySequence { MaskBatch = 2 }.WriteTo(folder.Path);

        using var pushed = await tiny.Server.Caller().PushAsync(folder.Path);

        var error = await ApiCaller.RefusedAsync(pushed, 422, "package_invalid");
        Assert.Contains(
            "encoder input 'attention_mask' is not int64 [batch, rows]", error.Detail, StringComparison.Ordinal);
    }

    private static PackageManifest Lie(string lie, PackageManifest honest) => lie switch
    {
        "no later steps" => Without(honest, Next),
        "no encoder" => Without(honest, "encoder"),
        "not merged" => With(
            Without(honest, Next), "decoder", graph => graph with { Cache = honest.Graphs[Next].Cache }),
        "no length" => honest with { SourceLength = null },
        "no cache" => With(honest, Next, graph => graph with { Cache = null }),
        "no cross" => Cached(honest, cache => cache with { Cross = null }),
        "no tensors" => Cached(honest, cache => cache with { Tensors = [] }),
        "a cache too many" => With(honest, "decoder", graph => graph with { Cache = honest.Graphs[Next].Cache }),
        "cross twice" => Cached(honest, cache => cache with { Cross = [.. cache.Cross!, cache.Cross![0]] }),
        "a strange present" => First(honest, tensor => tensor with { Present = "ghost" }),
        "a strange past" => First(honest, tensor => tensor with { Past = "ghost" }),
        "a past left out" => Cached(honest, cache => cache with { Cross = [cache.Cross![0]] }),
        "another width" => First(honest, tensor => tensor with
        {
            Axes = [.. tensor.Axes.SkipLast(1), JsonSerializer.SerializeToElement(31)],
        }),
        "another hidden size" => honest with { HiddenSize = 31 },
        "exchanged" => honest with
        {
            Graphs = new Dictionary<string, GraphManifest>(honest.Graphs)
            {
                ["decoder"] = honest.Graphs["encoder"],
                ["encoder"] = honest.Graphs["decoder"],
            },
        },
        _ => throw new ArgumentOutOfRangeException(nameof(lie)),
    };

    private static PackageManifest Without(PackageManifest honest, string role) => honest with
    {
        Graphs = honest.Graphs.Where(graph => graph.Key != role).ToDictionary(graph => graph.Key, graph => graph.Value),
    };

    private static PackageManifest First(
        PackageManifest honest, Func<CacheTensorManifest, CacheTensorManifest> change) =>
        Cached(honest, cache => cache with { Cross = [change(cache.Cross![0]), .. cache.Cross.Skip(1)] });

    private static PackageManifest Cached(PackageManifest honest, Func<CacheManifest, CacheManifest> change) =>
        With(honest, Next, graph => graph with { Cache = change(graph.Cache!) });

    private static PackageManifest With(
        PackageManifest honest, string role, Func<GraphManifest, GraphManifest> change) => honest with
        {
            Graphs = new Dictionary<string, GraphManifest>(honest.Graphs) { [role] = change(honest.Graphs[role]) },
        };
}
