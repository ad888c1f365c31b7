using System.Text.Json;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Caches;

/// <summary>A decoder with a cache whose scores get a number for each head and distance, as T5's do.</summary>
public sealed class RelativeBiasTests : IDisposable
{
    private const int Hidden = 12;
    private const int Heads = 3;
    private const int HeadSize = Hidden / Heads;
    private const int Words = 11;
    private const int Buckets = 8;
    private const int MostDistance = 32;

    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    // For the new rows alone, or for all pairs of places of which the last rows are taken.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Protect_OfADecoderWithABiasForEachDistance_MovesItsCaches(bool isSliced)
    {
        Build(isSliced);

        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
        var package = JsonSerializer.Deserialize<PackageManifest>(
            File.ReadAllBytes(_folder.At("package/cloud/stip.json")), StipJson.File)!;
        var cache = package.Graphs["decoder"].Cache!;
        Assert.Equal(("growing", null), (cache.Layout, cache.Inputs));
        using var model = ProtectedModel.Open(_folder.At("package"));
        Assert.NotNull(model.Plan.Inputs["k_cache"].Permutation);
        Assert.Equal(
            model.Plan.Inputs["k_cache"].Permutation, model.Plan.Outputs["k_cache_out"].Permutation);
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private void Build(bool isSliced)
    {
        _graph.Graph.AddInput("tokens", TensorDtype.Int64, "b", "s");
        _graph.Add("Gather", "h", _graph.Weight("table", Words, Hidden), "tokens");
        var (keys, values) = (Cached("k_cache", Split("k")), Cached("v_cache", Split("v")));
        _graph.With("Transpose", "columns", [keys], NodeAttribute.Ints("perm", 0, 1, 3, 2));
        _graph.Add("MatMul", "scores", Split("q"), "columns");
        _graph.Add("Add", "biased", "scores", Bias(keys, isSliced));
        _graph.With("Softmax", "shares", ["biased"], NodeAttribute.Int("axis", -1));
        _graph.Add("MatMul", "taken", "shares", values);
        _graph.With("Transpose", "together", ["taken"], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        _graph.Add("Reshape", "attended", "together", _graph.Numbers(0, 0, Hidden));
        _graph.Add("MatMul", "logits", _graph.Add("Add", "stream", "h", "attended"), _graph.Weight("w", Hidden, Words));
        _graph.Output("logits", "b", "s", Words);
        _graph.Save().Dispose();
    }

    // [1, heads, rows, total], and nothing is seen that comes later.
    private string Bias(string keys, bool isSliced)
    {
        var total = Length("total", keys, 2);
        var rows = Length("rows", "tokens", 1);
        var places = _graph.Add("Range", "places", _graph.Integer(0), total, _graph.Integer(1));
        var first = isSliced ? _graph.Integer(0) : _graph.Add("Sub", "past", total, rows);
        var queries = _graph.Add("Range", "queries", first, total, _graph.Integer(1));
        var apart = _graph.Add(
            "Sub", "apart", _graph.Add("Unsqueeze", "column", queries, _graph.Numbers(1)), places);
        var distance = _graph.Add("Max", "distance", apart, _graph.Integer(0));
        var near = _graph.Integer(Buckets / 2);
        _graph.With("Cast", "counted", [distance], NodeAttribute.Int("to", 1));
        _graph.Add("Log", "logarithm", _graph.Add("Div", "times", "counted", _graph.Number(Buckets / 2f)));
        _graph.Add("Mul", "bent", "logarithm", _graph.Number(
            Buckets / 2f / MathF.Log(MostDistance / (Buckets / 2f))));
        _graph.With("Cast", "steps", ["bent"], NodeAttribute.Int("to", 7));
        _graph.Add("Min", "far", _graph.Add("Add", "from", "steps", near), _graph.Integer(Buckets - 1));
        _graph.Add("Where", "buckets", _graph.Add("Less", "is_near", distance, near), distance, "far");
        _graph.Add("Gather", "looked_up", _graph.Weight("distances", Buckets, Heads), "buckets");
        _graph.With("Transpose", "of_heads", ["looked_up"], NodeAttribute.Ints("perm", 2, 0, 1));
        var later = _graph.Add("Less", "later", apart, _graph.Integer(0));
        _graph.Add("Where", "seen", later, _graph.Number(-1e9f), "of_heads");
        _graph.Add("Unsqueeze", "bias", "seen", _graph.Numbers(0));
        return !isSliced ? "bias" : _graph.Add(
            "Slice", "last_rows", "bias",
            _graph.Add("Unsqueeze", "start", _graph.Add("Neg", "back", rows), _graph.Numbers(0)),
            _graph.Numbers(long.MaxValue), _graph.Numbers(2));
    }

    private string Length(string name, string of, long axis) => _graph.Add(
        "Gather", name, _graph.Add("Shape", $"{name}_shape", of), _graph.Integer(axis));

    private string Cached(string name, string next)
    {
        _graph.Input(name, "b", Heads, "past", HeadSize);
        _graph.Output($"{name}_out", "b", Heads, "next", HeadSize);
        return _graph.With("Concat", $"{name}_out", [name, next], NodeAttribute.Int("axis", 2));
    }

    private string Split(string name)
    {
        _graph.Add("MatMul", $"{name}_wide", "h", _graph.Weight($"w_{name}", Hidden, Hidden));
        _graph.Add("Reshape", $"{name}_heads", $"{name}_wide", _graph.Numbers(0, 0, Heads, HeadSize));
        return _graph.With("Transpose", name, [$"{name}_heads"], NodeAttribute.Ints("perm", 0, 2, 1, 3));
    }
}
