using System.Text.Json;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol.Packages;
using Stip.TestKit;

namespace Stip.Api.Tests.Registry;

/// <summary>Packages that list their cache tensors, and lie.</summary>
public sealed class CacheListTests
{
    public static TheoryData<string, string> Lies { get; } = new()
    {
        { "no tensors", "cache.tensors is not a list of 1..4096 tensors" },
        { "a null", "cache.tensors is not a list of 1..4096 tensors" },
        { "no name", "cache.tensors is not a list of 1..4096 tensors" },
        { "two lengths", "the axes of cache tensor 'memory.0.key' are not lengths above 0, one 'length'" },
        { "no length", "'memory.0.key' has no axis 'length', and its graph leaves others than 'batch' free" },
        { "a negative axis", "the axes of cache tensor 'memory.0.key' are not lengths above 0, one 'length'" },
        { "a huge axis", "the axes of cache tensor 'memory.0.key' are not lengths above 0, one 'length'" },
        { "another word", "the axes of cache tensor 'memory.0.key' are not lengths above 0, one 'length'" },
        { "twice", "cache tensor 'memory.0.key' is listed twice" },
        { "an input left out", "input 'memory.1.value' is none that a server can fill" },
        { "a strange input", "decoder has no input 'ghost'" },
        { "a strange output", "decoder has no output 'ghost'" },
        { "the logits", "cache tensor 'logits' has the name of an input or output of each step" },
        { "the mask", "cache tensor 'attention_mask' has the name of an input or output of each step" },
        { "the rows", "cache tensor 'inputs_embeds' has the name of an input or output of each step" },
        { "many layers", "cache of 2147483647 layers; there may be 1..2048" },
        { "more heads", "'memory.0.key' is not [batch, 3, length, 16]" },
        { "more axes", "'memory.0.key' is not [batch, 1, 1, length, 16]" },
        { "the shared layout", "cache tensors are listed for the layout 'growing' only" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task Registration_OfAListThatLies_NamesTheFault(string lie, string fault)
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        var honest = new TinyGrowingDecoder(Form: CacheForm.Renamed).WriteTo(folder.Path);
        PackageFiles.Write(folder.Path, Lie(lie, honest));
        using var pushed = await server.Caller().PushAsync(folder.Path);
        var error = await ApiCaller.RefusedAsync(pushed, 422, "package_invalid");
        Assert.Contains(fault, error.Detail, StringComparison.Ordinal);
    }

    private static PackageManifest Lie(string lie, PackageManifest honest) => lie switch
    {
        "no tensors" => With(honest, cache => cache with { Tensors = [] }),
        "a null" => With(honest, cache => cache with { Tensors = [.. cache.Tensors!, null!] }),
        "no name" => First(honest, tensor => tensor with { Past = "" }),
        "two lengths" => First(honest, tensor => tensor with { Axes = Axes("length", "batch", "length", 16) }),
        "no length" => First(honest, tensor => tensor with { Axes = Axes("batch", 1, 2, 16) }),
        "a negative axis" => First(honest, tensor => tensor with { Axes = Axes("batch", -1, "length", 16) }),
        "a huge axis" => First(honest, tensor => tensor with { Axes = Axes("batch", 65536, "length", 65536) }),
        "another word" => First(honest, tensor => tensor with { Axes = Axes("batch", "heads", "length", 16) }),
        "twice" => With(honest, cache => cache with { Tensors = [.. cache.Tensors!, cache.Tensors![0]] }),
        "an input left out" => With(honest, cache => cache with { Tensors = [.. cache.Tensors!.SkipLast(1)] }),
        "a strange input" => First(honest, tensor => tensor with { Past = "ghost" }),
        "a strange output" => First(honest, tensor => tensor with { Present = "ghost" }),
        "the logits" => First(honest, tensor => tensor with { Present = "logits" }),
        "the mask" => First(honest, tensor => tensor with { Past = "attention_mask", Axes = Axes("batch", "length") }),
        "the rows" => First(honest, tensor => tensor with { Past = "inputs_embeds" }),
        "many layers" => With(honest, cache => cache with { Layers = int.MaxValue, Tensors = null }),
        "more heads" => First(honest, tensor => tensor with { Axes = Axes("batch", 3, "length", 16) }),
        "more axes" => First(honest, tensor => tensor with { Axes = Axes("batch", 1, 1, "length", 16) }),
        "the shared layout" => With(honest, cache => cache with { Layout = "shared" }),
        _ => throw new ArgumentOutOfRangeException(nameof(lie)),
    };

    private static PackageManifest First(
        PackageManifest honest, Func<CacheTensorManifest, CacheTensorManifest> change) =>
        With(honest, cache => cache with { Tensors = [change(cache.Tensors![0]), .. cache.Tensors.Skip(1)] });

    private static PackageManifest With(PackageManifest honest, Func<CacheManifest, CacheManifest> change) =>
        honest with
        {
            Graphs = honest.Graphs.ToDictionary(
                pair => pair.Key, pair => pair.Value with { Cache = change(pair.Value.Cache!) }),
        };

    private static JsonElement[] Axes(params object[] axes) =>
        [.. axes.Select(axis => JsonSerializer.SerializeToElement(axis))];
}
