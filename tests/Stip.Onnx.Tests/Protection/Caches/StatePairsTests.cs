using System.Text.Json;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Protection.Caches;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Caches;

/// <summary>Tensors that a decoder takes and gives at one size are states, which a server keeps as they are.</summary>
public sealed class StatePairsTests : IDisposable
{
    private const int Hidden = 12;
    private const int Words = 11;

    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("past_a past_b", "present_b present_a", "past_a>present_a past_b>present_b")]
    [InlineData("a.0.in a.1.in", "a.0.out a.1.out", "a.0.in>a.0.out a.1.in>a.1.out")]
    [InlineData("s0 s1", "y1 y2", "s0>y1 s1>y2")]
    public void Protect_OfRecurrentLayers_PairsWhatTheyKeep(string pasts, string presents, string pairs)
    {
        var (taken, given) = (pasts.Split(' '), presents.Split(' '));
        var isSwapped = given[0].EndsWith('b');
        _graph.Graph.AddInput("tokens", TensorDtype.Int64, "b", 1);
        _graph.Add("Gather", "rows", _graph.Weight("table", Words, Hidden), "tokens");
        var stream = _graph.Add("Squeeze", "h", "rows", _graph.Numbers(1));
        for (var layer = 0; layer < 2; layer++)
        {
            var present = given[isSwapped ? 1 - layer : layer];
            _graph.Input(taken[layer], "b", Hidden);
            _graph.Add("MatMul", $"{layer}.made", stream, _graph.Weight($"{layer}.weight", Hidden, Hidden));
            _graph.Add("Mul", $"{layer}.faded", taken[layer], _graph.Weight($"{layer}.decay", Hidden));
            _graph.Add("Add", present, $"{layer}.faded", $"{layer}.made");
            stream = _graph.Add("Add", $"{layer}.stream", stream, _graph.Add("Tanh", $"{layer}.bent", present));
        }

        foreach (var present in given)
        {
            _graph.Output(present, "b", Hidden);
        }

        var package = Protect(stream, isOneRow: true);

        var cache = package.Graphs["decoder"].Cache!;
        Assert.Equal(
            pairs, string.Join(' ', cache.Tensors!.Select(tensor => $"{tensor.Past}>{tensor.Present}")));
        Assert.All(cache.Tensors!, tensor =>
            Assert.Equal("batch 12", string.Join(' ', tensor.Axes.Select(axis => axis.ToString()))));
        Assert.Equal(Words, package.VocabSize);
        using var model = ProtectedModel.Open(_folder.At("package"));
        Assert.All(cache.Tensors!, tensor => Assert.Equal(
            model.Plan.Inputs[tensor.Past].Permutation, model.Plan.Outputs[tensor.Present].Permutation));
    }

    // More tokens than it has places would be written beside it.
    [Fact]
    public void Protect_OfACacheThatIsWrittenAtPlaces_KnowsHowManyItHas()
    {
        const int Length = 20;
        _graph.Graph.AddInput("cache_position", TensorDtype.Int64, "s");
        _graph.Graph.AddInput("tokens", TensorDtype.Int64, 1, "s");
        _graph.Add("Gather", "h", _graph.Weight("table", Words, Hidden), "tokens");
        _graph.Input("cache", 1, Length, Hidden);
        _graph.Add("MatMul", "k", "h", _graph.Weight("w_k", Hidden, Hidden));
        _graph.With("Transpose", "cache_rows", ["cache"], NodeAttribute.Ints("perm", 1, 0, 2));
        _graph.With("Transpose", "k_rows", ["k"], NodeAttribute.Ints("perm", 1, 0, 2));
        _graph.Add("Unsqueeze", "places", "cache_position", _graph.Numbers(1));
        _graph.Add("ScatterND", "written", "cache_rows", "places", "k_rows");
        _graph.With("Transpose", "cache_out", ["written"], NodeAttribute.Ints("perm", 1, 0, 2));
        _graph.With("Transpose", "turned", ["cache_out"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("MatMul", "scores", "h", "turned");
        _graph.Add("MatMul", "mixed", _graph.Add("Softmax", "shares", "scores"), "cache_out");
        _graph.Output("cache_out", 1, Length, Hidden);

        var package = Protect(_graph.Add("Add", "stream", "h", "mixed"));

        Assert.Equal(Length, package.ContextLength);
        var cache = package.Graphs["decoder"].Cache!;
        Assert.Equal(
            "1 20 12", string.Join(' ', Assert.Single(cache.Tensors!).Axes.Select(axis => axis.ToString())));
        Assert.Equal("cache_position", Assert.Single(cache.Inputs!).Name);
    }

    // More heads than places, wherever the operator that writes has the places.
    [Theory]
    [InlineData("ScatterElements", 20)]
    [InlineData("TensorScatter", 20)]
    [InlineData("ScatterND", 20)]
    [InlineData("ScatterND turned", 20)]
    [InlineData("ScatterND reshaped", 32)] // nothing tells: the longest
    public void Length_OfACacheThatIsWrittenAtPlaces_IsThatOfTheAxisThatIsWritten(string writer, int expected)
    {
        const int Heads = 32, Length = 20;
        _graph.Input("cache", 1, Heads, Length, Hidden);
        _graph.Input("next", 1, Heads, 1, Hidden);
        _graph.Graph.AddInput("places", TensorDtype.Int64, 1, Heads, 1, writer == "ScatterND" ? 3 : 1);
        var written = writer switch
        {
            "ScatterElements" => _graph.With(
                writer, "written", ["cache", "places", "next"], NodeAttribute.Int("axis", 2)),
            "TensorScatter" => _graph.Add(writer, "written", "cache", "next", "places"),
            "ScatterND" => _graph.Add(writer, "written", "cache", "places", "next"),
            _ => _graph.Add("ScatterND", "written", writer == "ScatterND turned"
                ? _graph.With("Transpose", "turned", ["cache"], NodeAttribute.Ints("perm", 2, 0, 1, 3))
                : _graph.Add("Reshape", "flat", "cache", _graph.Numbers(-1, Hidden)), "places", "next"),
        };
        Assert.Equal("written", written);

        Assert.Equal(expected, StatePairs.Length(_graph.Graph.Graph, [], [State(1, Heads, Length, Hidden)]));
    }

    // Rows of a convolution move up by one place, and the last of them is written over.
    [Fact]
    public void Length_OfRowsThatAreRolledAndWrittenAtTheLastPlace_IsNone()
    {
        const int Kept = 4;
        _graph.Input("cache", 1, Hidden, Kept);
        _graph.Input("next", 1, Hidden, 1);
        _graph.Graph.AddInput("places", TensorDtype.Int64, 1, Hidden, 1);
        _graph.Add("Slice", "later", "cache", _graph.Numbers(1), _graph.Numbers(Kept), _graph.Numbers(2));
        _graph.Add("Slice", "oldest", "cache", _graph.Numbers(0), _graph.Numbers(1), _graph.Numbers(2));
        _graph.With("Concat", "rolled", ["later", "oldest"], NodeAttribute.Int("axis", 2));
        _graph.With("ScatterElements", "written", ["rolled", "places", "next"], NodeAttribute.Int("axis", 2));

        Assert.Null(StatePairs.Length(_graph.Graph.Graph, [], [State(1, Hidden, Kept)]));
    }

    // A layer is written at places, and then back as a whole: layers are no places.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Length_OfLayersInOneCache_IsThatOfPlaces(bool isConstant)
    {
        const int Layers = 3, Length = 20;
        _graph.Input("cache", Layers, 1, Length, Hidden);
        _graph.Input("next", 1, 1, Hidden);
        _graph.Graph.AddInput("places", TensorDtype.Int64, 1, 1);
        _graph.Graph.AddInput("which", TensorDtype.Int64, 1);
        _graph.Add("Gather", "layer", "cache", _graph.Graph.AddScalarConstant("first", 0));
        _graph.With("Transpose", "rows", ["layer"], NodeAttribute.Ints("perm", 1, 0, 2));
        _graph.Add("ScatterND", "longer", "rows", "places", "next");
        _graph.With("Transpose", "back", ["longer"], NodeAttribute.Ints("perm", 1, 0, 2));
        _graph.Add("ScatterND", "written", "cache", isConstant ? _graph.Numbers(0) : "which", "back");

        Assert.Equal(Length, StatePairs.Length(_graph.Graph.Graph, [], [State(Layers, 1, Length, Hidden)]));
    }

    // As Transformer-XL keeps its memory: the name of the memory's sequences says which axis of rows is theirs.
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public void Protect_OfRowsThatStandBeforeSequences_SaysSo(bool isSequenceFirst, bool isOneRow)
    {
        Axis length = isOneRow ? 1 : "s";
        _graph.Graph.AddInput("tokens", TensorDtype.Int64, "b", length);
        var rows = _graph.Add("Gather", "rows", _graph.Weight("table", Words, Hidden), "tokens");
        var (tokens, sequences) = isSequenceFirst ? (0, 1) : (1, 0);
        var turned = NodeAttribute.Ints("perm", 1, 0, 2);
        rows = isSequenceFirst ? _graph.With("Transpose", "h", [rows], turned) : rows;
        Axis[] memory = isSequenceFirst ? [4, "b", Hidden] : ["b", 4, Hidden];
        _graph.Input("memory", memory);
        _graph.With("Concat", "all", ["memory", rows], NodeAttribute.Int("axis", tokens));
        _graph.Add(
            "Slice", "new_memory", "all", _graph.Numbers(-4), _graph.Numbers(int.MaxValue), _graph.Numbers(tokens));
        _graph.Output("new_memory", memory);
        _graph.Add("MatMul", "made", "all", _graph.Weight("weight", Hidden, Hidden));
        var mean = _graph.Add("ReduceMean", "mean", "made", _graph.Numbers(tokens));
        var stream = _graph.Add("Add", "stream", rows, mean);

        var graph = Protect(isSequenceFirst ? _graph.With("Transpose", "back", [stream], turned) : stream)
            .Graphs["decoder"];

        Assert.Equal(isSequenceFirst ? true : null, graph.Cache!.SequenceFirst);
        Assert.Equal("b", graph.Inputs.First(input => input.Name == "inputs_embeds").Shape[sequences].ToString());
    }

    // Each layer's caches have axes of their own name, as PyTorch numbers them.
    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public void Protect_OfLengthsWithNamesOfTheirOwn_JoinsThoseOfCachesThatKeepAll(bool isCut, int lengths)
    {
        _graph.Graph.AddInput("tokens", TensorDtype.Int64, "b", "s");
        var stream = _graph.Add("Gather", "h", _graph.Weight("table", Words, Hidden), "tokens");
        for (var layer = 0; layer < 2; layer++)
        {
            _graph.Input($"{layer}.past", "b", $"past_{layer}_len", Hidden);
            _graph.Add("MatMul", $"{layer}.made", stream, _graph.Weight($"{layer}.weight", Hidden, Hidden));
            var all = _graph.With(
                "Concat", $"{layer}.all", [$"{layer}.past", $"{layer}.made"], NodeAttribute.Int("axis", 1));
            _graph.Add(
                isCut && layer == 0 ? "Slice" : "Identity", $"{layer}.present",
                isCut && layer == 0
                    ? [all, _graph.Numbers(-4), _graph.Numbers(int.MaxValue), _graph.Numbers(1)] : [all]);
            _graph.Output($"{layer}.present", "b", $"next_{layer}", Hidden);
            _graph.With("Transpose", $"{layer}.columns", [all], NodeAttribute.Ints("perm", 0, 2, 1));
            _graph.Add("MatMul", $"{layer}.scores", stream, $"{layer}.columns");
            _graph.With("Softmax", $"{layer}.shares", [$"{layer}.scores"], NodeAttribute.Int("axis", -1));
            stream = _graph.Add(
                "Add", $"{layer}.stream", stream, _graph.Add("MatMul", $"{layer}.mixed", $"{layer}.shares", all));
        }

        var graph = Protect(stream).Graphs["decoder"];

        Assert.Equal(lengths, graph.Inputs.Where(input => input.Name.EndsWith("past", StringComparison.Ordinal))
            .Select(input => input.Shape[1].ToString()).Distinct().Count());
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private static CacheTensorManifest State(params int[] axes) =>
        new("cache", "written", [.. axes.Select(length => JsonSerializer.SerializeToElement(length))]);

    private PackageManifest Protect(string stream, bool isOneRow = false)
    {
        _graph.Add("MatMul", "logits", stream, _graph.Weight("w_head", Hidden, Words));
        Axis[] given = isOneRow ? ["b", Words] : ["b", "s", Words];
        _graph.Output("logits", given);
        _graph.Save().Dispose();
        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));
        Assert.True(made.Verification!.Passed);
        return JsonSerializer.Deserialize<PackageManifest>(
            File.ReadAllBytes(_folder.At("package/cloud/stip.json")), StipJson.File)!;
    }
}
