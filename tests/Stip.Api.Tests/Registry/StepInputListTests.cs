using Stip.Api.Registry.Packages;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol.Packages;
using Stip.TestKit;

namespace Stip.Api.Tests.Registry;

/// <summary>Packages that list inputs for the server to make, and lie.</summary>
public sealed class StepInputListTests
{
    public static TheoryData<string, string> Lies { get; } = new()
    {
        { "left out", "input 'bias' is none that a server can fill" },
        { "null", "cache.inputs is not a list of at most 64 inputs with name, value and axes" },
        { "twice", "cache input 'bias' is listed twice" },
        { "ghost", "decoder has no input 'ghost'" },
        { "rows", "'inputs_embeds' is two things: a cache input, and a port or a cache tensor" },
        { "cache", "'k_cache' is two things: a cache input, and a port or a cache tensor" },
        { "value", "cache input 'bias' holds 'secrets', which is none of past, rows, total, last, positions" },
        { "word", "the axes of cache input 'bias' are not lengths above 0, batch, length, rows, total" },
        { "number", "the axes of cache input 'bias' are not lengths above 0, batch, length, rows, total" },
        { "twofold", "the axes of cache input 'bias' are not lengths above 0, batch, length, rows, total" },
        { "square", "the axes of cache input 'bias' are not lengths above 0, batch, length, rows, total" },
        { "wide", "cache.inputs have more than 256 numbers for each row and token" },
        { "rank", "the axes of cache input 'bias' are not lengths above 0, batch, length, rows, total" },
        { "type", "'past_len' is int64 and cannot hold 'bias'" },
        { "shared", "cache inputs are listed for a decoder with the layout 'growing' alone" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public void Faults_OfAListThatLies_NameIt(string lie, string fault)
    {
        using var folder = new TemporaryFolder();
        var honest = new TinyCountedDecoder().WriteTo(folder.Path);
        var graph = honest.Graphs[Roles.Decoder];
        var inputs = graph.Cache!.Inputs!;
        var bias = inputs[0];

        var told = With(lie switch
        {
            "left out" => [inputs[1]],
            "null" => [.. inputs, null!],
            "twice" => [.. inputs, bias],
            "ghost" => [bias with { Name = "ghost" }, inputs[1]],
            "rows" => [.. inputs, bias with { Name = "inputs_embeds" }],
            "cache" => [.. inputs, bias with { Name = "k_cache" }],
            "value" => [bias with { Value = "secrets" }, inputs[1]],
            "word" => [bias with { Axes = TinyCountedDecoder.Axes("batch", "rows", "words") }, inputs[1]],
            "number" => [bias with { Axes = TinyCountedDecoder.Axes(0, "rows", "total") }, inputs[1]],
            "twofold" => [bias with { Axes = TinyCountedDecoder.Axes("rows", "rows", "total") }, inputs[1]],
            "square" => [bias with { Axes = TinyCountedDecoder.Axes("length", "rows", "total") }, inputs[1]],
            "wide" => [bias with { Axes = TinyCountedDecoder.Axes(256, "rows", "total") }, inputs[1]],
            "rank" => [bias with { Axes = TinyCountedDecoder.Axes("rows", "total") }, inputs[1]],
            "type" => [bias, inputs[1] with { Value = StepInputManifest.Bias }],
            _ => inputs,
        });

        Assert.Contains(GraphFaults.OfDecoder(honest, told), found => found.Contains(fault, StringComparison.Ordinal));
        Assert.Empty(GraphFaults.OfDecoder(honest, graph));

        GraphManifest With(IReadOnlyList<StepInputManifest> listed) => graph with
        {
            Cache = lie == "shared"
                ? graph.Cache with { Inputs = listed, Layout = "shared", Tensors = null }
                : graph.Cache with { Inputs = listed },
        };
    }

    // Prompts of two rows would fail in the runtime.
    [Fact]
    public void Faults_OfAnInputOfOneRowBesideRowsOfAnyNumber_NameIt()
    {
        using var folder = new TemporaryFolder();
        var honest = new TinyCountedDecoder().WriteTo(folder.Path);
        var graph = honest.Graphs[Roles.Decoder];

        var told = graph with
        {
            Inputs =
            [
                .. graph.Inputs.Select(input => input.Name != "bias" ? input : input with
                {
                    Shape = TinyCountedDecoder.Axes("batch", 1, "total"),
                }),
            ],
        };

        Assert.StartsWith(
            "the axes of cache input 'bias' are not", Assert.Single(GraphFaults.OfDecoder(honest, told)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Faults_OfAnInputOfOneRowBesideOneRowBeforeSequences_AreNone()
    {
        using var folder = new TemporaryFolder();
        var honest = new TinyCountedDecoder().WriteTo(folder.Path);
        var graph = honest.Graphs[Roles.Decoder];

        var turned = graph with
        {
            Cache = graph.Cache! with { SequenceFirst = true },
            Inputs =
            [
                .. graph.Inputs.Select(input => input.Name switch
                {
                    "bias" => input with { Shape = TinyCountedDecoder.Axes("batch", 1, "total") },
                    "inputs_embeds" => input with
                    {
                        Shape = TinyCountedDecoder.Axes(1, "batch", TinyDecoder.HiddenSize),
                    },
                    _ => input,
                }),
            ],
        };

        Assert.Empty(GraphFaults.OfDecoder(honest, turned));
    }

    // Sequences of one row would be taken for rows of one sequence.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Faults_OfRowsThatStandBeforeSequences_NameThem(bool isOneRow)
    {
        using var folder = new TemporaryFolder();
        var honest = new TinyStateDecoder(TakesOneRow: isOneRow).WriteTo(folder.Path);
        var graph = honest.Graphs[Roles.Decoder];
        Assert.Empty(GraphFaults.OfDecoder(honest, graph));
        object rows = isOneRow ? 1 : "seq";

        var turned = graph with
        {
            Inputs =
            [
                .. graph.Inputs.Select(input => input.Name != "inputs_embeds" ? input : input with
                {
                    Shape = TinyCountedDecoder.Axes(rows, "batch", TinyDecoder.HiddenSize),
                }),
            ],
        };

        Assert.Equal(
            ["'inputs_embeds' is [sequence, batch, hidden], not [batch, sequence, hidden]"],
            GraphFaults.OfDecoder(honest, turned));
        Assert.Empty(GraphFaults.OfDecoder(honest, Said(turned)));
        Assert.Equal(
            ["'inputs_embeds' is [batch, sequence, hidden], not [sequence, batch, hidden]"],
            GraphFaults.OfDecoder(honest, Said(graph)));

        static GraphManifest Said(GraphManifest graph) =>
            graph with { Cache = graph.Cache! with { SequenceFirst = true } };
    }

    // Names are told apart, numbers are not: one row of a run is served either way.
    [Fact]
    public void Faults_OfOneRowBesideStatesOfOneSequence_AreNone()
    {
        using var folder = new TemporaryFolder();
        var honest = new TinyStateDecoder(TakesOneRow: true, HasOneState: true).WriteTo(folder.Path);

        Assert.Empty(GraphFaults.OfDecoder(honest, honest.Graphs[Roles.Decoder]));
    }

    [Fact]
    public async Task Registration_OfAnInputThatTheGraphTakesOtherwise_IsRefused()
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        var honest = new TinyCountedDecoder().WriteTo(folder.Path);
        var graph = honest.Graphs[Roles.Decoder];
        PackageFiles.Write(folder.Path, honest with
        {
            Graphs = new Dictionary<string, GraphManifest>
            {
                [Roles.Decoder] = graph with { Cache = graph.Cache! with { Inputs = [graph.Cache.Inputs![0]] } },
            },
        });
        using var pushed = await server.Caller().PushAsync(folder.Path);
        var error = await ApiCaller.RefusedAsync(pushed, 422, "package_invalid");
        Assert.Contains("'past_len' is none that a server can fill", error.Detail, StringComparison.Ordinal);
    }
}
