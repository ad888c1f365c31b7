using Stip.Api.Registry.Packages;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol.Packages;
using Stip.TestKit;

namespace Stip.Api.Tests.Registry;

/// <summary>Packages that name their inputs and outputs, and lie.</summary>
public sealed class PortListTests
{
    public static TheoryData<string, string, string> Lies { get; } = new()
    {
        { "logits", "ghost", "decoder has no output 'ghost', which is to be logits" },
        { "attention_mask", "ghost", "decoder has no input 'ghost', which is to be attention_mask" },
        { "logits", "x0", "decoder has no output 'x0', which is to be logits" },
        { "token_ids", "x0", "ports name 'token_ids', which is none of inputs_embeds, attention_mask" },
        { "position_ids", "x1", "'x1' is two things" },
        { "position_ids", "memory.0.key", "'memory.0.key' is two things" },
        { "logits", "kept.0.key", "'kept.0.key' is two things" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task Registration_OfPortsThatLie_NamesTheFault(string usual, string name, string fault) =>
        await CheckAsync(graph => graph with { Ports = With(graph.Ports!, usual, name) }, fault);

    // Positions that are not listed have their usual name: the graph's one input would be filled as both.
    [Fact]
    public void Name_ThatIsTheUsualOneOfAnother_IsTwoThings()
    {
        using var folder = new TemporaryFolder();
        var manifest = new TinyGrowingDecoder().WriteTo(folder.Path);
        var graph = manifest.Graphs[Roles.Decoder];

        var faults = GraphFaults.OfDecoder(manifest, graph with
        {
            Inputs = [.. graph.Inputs.Where(input => input.Name != "attention_mask")],
            Ports = new Dictionary<string, string> { ["attention_mask"] = "position_ids" },
        });

        Assert.Contains("'position_ids' is two things", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Registration_WithoutTheNames_SaysWhatIsMissing() =>
        await CheckAsync(graph => graph with { Ports = null }, "decoder has no input 'inputs_embeds'");

    [Fact]
    public async Task Registration_OfPortsOfTheSharedLayout_IsRefused()
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        var honest = new TinyDecoder().WriteTo(folder.Path);
        await CheckAsync(
            server, folder.Path, honest,
            graph => graph with { Ports = new Dictionary<string, string> { ["logits"] = "logits" } },
            "ports are named for a decoder with a cache of layout 'growing' alone");
    }

    [Theory]
    [InlineData("attention_mask", "ghost", "encoder has no input 'ghost', which is to be attention_mask")]
    [InlineData("logits", "ghost", "encoder has no output 'ghost', which is to be logits")]
    [InlineData("position_ids", "token_type_ids", "ports name 'position_ids', which is none of inputs_embeds")]
    [InlineData("logits", "last_hidden_state", "'last_hidden_state' is two things")]
    public async Task Registration_OfAnEncodersPortsThatLie_NamesTheFault(string usual, string name, string fault)
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        var honest = TinyEncoder.WriteTo(folder.Path);
        await CheckAsync(
            server, folder.Path, honest,
            graph => graph with { Ports = new Dictionary<string, string> { [usual] = name } }, fault);
    }

    private static async Task CheckAsync(Func<GraphManifest, GraphManifest> lie, string fault)
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        var honest = new TinyGrowingDecoder(Form: CacheForm.Renamed, IsOpaque: true).WriteTo(folder.Path);
        await CheckAsync(server, folder.Path, honest, lie, fault);
    }

    private static async Task CheckAsync(
        ApiServer server,
        string folder,
        PackageManifest honest,
        Func<GraphManifest, GraphManifest> lie,
        string fault)
    {
        PackageFiles.Write(folder, honest with
        {
            Graphs = honest.Graphs.ToDictionary(pair => pair.Key, pair => lie(pair.Value)),
        });
        using var pushed = await server.Caller().PushAsync(folder);
        var error = await ApiCaller.RefusedAsync(pushed, 422, "package_invalid");
        Assert.Contains(fault, error.Detail, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> With(
        IReadOnlyDictionary<string, string> ports, string usual, string name) => new(ports) { [usual] = name };
}
