using System.Text.Json;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Caches;

/// <summary>What a server has to make for each step is written into the package, by what the graph does with
/// it.</summary>
public sealed class StepInputsTests : IDisposable
{
    private const int Hidden = 12;
    private const int Heads = 3;
    private const int HeadSize = Hidden / Heads;
    private const int Words = 11;
    private const int Places = 32;

    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    private int _otherPlaces;

    [Theory]
    [InlineData(TensorDtype.Float32, "past_len", "", "mask=bias[batch,1,rows,total] past_len=past[]")]
    [InlineData(TensorDtype.Bool, "past_len", "1", "mask=mask[batch,1,rows,total] past_len=past[1]")]
    [InlineData(
        TensorDtype.Float32, "cache_position", "s", "cache_position=positions[rows] mask=bias[batch,1,rows,total]")]
    [InlineData(TensorDtype.Float32, "pos", "b s", "mask=bias[batch,1,rows,total]")]
    public void Protect_OfADecoder_SaysWhatTheServerMakes(TensorDtype mask, string place, string axes, string inputs)
    {
        Build(mask, place, axes);

        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
        var package = JsonSerializer.Deserialize<PackageManifest>(
            File.ReadAllBytes(_folder.At("package/cloud/stip.json")), StipJson.File)!;
        var graph = package.Graphs["decoder"];
        Assert.Equal(inputs, string.Join(' ', graph.Cache!.Inputs!.OrderBy(input => input.Name).Select(
            input => $"{input.Name}={input.Value}[{string.Join(',', input.Axes.Select(axis => axis.ToString()))}]")));
        Assert.Equal(place == "pos" ? "pos" : null, graph.Ports?.GetValueOrDefault("position_ids"));
        Assert.Equal(Places, package.ContextLength);
    }

    // Keys that are looked up by a length have fewer places than the table of positions, whichever comes first.
    [Theory]
    [InlineData(Places - 7)]
    [InlineData(Places + 7)]
    public void Protect_OfADecoderWithTwoTablesOfPlaces_GoesAsFarAsTheShorter(int others)
    {
        _otherPlaces = others;
        Build(TensorDtype.Float32, "cache_position", "s");

        PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));

        var package = JsonSerializer.Deserialize<PackageManifest>(
            File.ReadAllBytes(_folder.At("package/cloud/stip.json")), StipJson.File)!;
        Assert.Equal(2, package.Graphs["decoder"].Cache!.Inputs!.Count(input => input.Name != "mask"));
        Assert.Equal(Math.Min(Places, others), package.ContextLength);
    }

    // A server counts, and knows no angles.
    [Fact]
    public void Protect_OfADecoderThatIsGivenCosines_SaysThatNoServerFillsThem()
    {
        Build(TensorDtype.Float32, "cos", $"b s {HeadSize}");

        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
        Assert.Contains(made.Warnings, warning => warning.Contains(
            "a server will refuse this package: of its inputs it fills none of 'cos'", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private void Build(TensorDtype mask, string place, string axes)
    {
        _graph.Graph.AddInput("tokens", TensorDtype.Int64, "b", "s");
        _graph.Graph.AddInput("mask", mask, "b", 1, "s", "all");
        Axis[] counted =
        [
            .. axes.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(axis => int.TryParse(axis, out var length) ? (Axis)length : axis),
        ];
        _graph.Graph.AddInput(place, place == "cos" ? TensorDtype.Float32 : TensorDtype.Int64, counted);
        _graph.Add("Gather", "h", _graph.Weight("table", Words, Hidden), "tokens");
        var turns = Turns(place, counted.Length);
        var query = _graph.Add("Mul", "q_turned", Split("q"), turns);
        var key = _graph.Add("Mul", "k_turned", Split("k"), turns);
        var (keys, values) = (Cached("k_cache", key), Cached("v_cache", Split("v")));
        _graph.With("Transpose", "columns", [keys], NodeAttribute.Ints("perm", 0, 1, 3, 2));
        _graph.Add("MatMul", "scores", query, "columns");
        var seen = mask == TensorDtype.Bool
            ? _graph.Add("Where", "seen", "mask", "scores", _graph.Number(-1e9f))
            : _graph.Add("Add", "seen", "scores", "mask");
        _graph.With("Softmax", "shares", [seen], NodeAttribute.Int("axis", -1));
        _graph.Add("MatMul", "taken", "shares", values);
        _graph.With("Transpose", "together", ["taken"], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        _graph.Add("Reshape", "attended", "together", _graph.Numbers(0, 0, Hidden));
        if (_otherPlaces > 0)
        {
            _graph.Graph.AddInput("past_len", TensorDtype.Int64);
            var shift = _graph.Add("Gather", "shift", _graph.Weight("shifts", _otherPlaces, Hidden), "past_len");
            _graph.Add("Add", "attended_there", "attended", shift);
        }

        _graph.Add("Add", "stream", "h", _otherPlaces > 0 ? "attended_there" : "attended");
        _graph.Add("MatMul", "logits", "stream", _graph.Weight("w_head", Hidden, Words));
        _graph.Output("logits", "b", "s", Words);
        _graph.Save().Dispose();
    }

    // Factors of each place, [rows, size] or [batch, 1, rows, size].
    private string Turns(string place, int rank)
    {
        var table = _graph.Weight("factors", Places, HeadSize);
        if (place == "cos")
        {
            return _graph.Add("Unsqueeze", "turns", place, _graph.Numbers(1));
        }

        if (rank == 2)
        {
            return _graph.Add("Unsqueeze", "turns", _graph.Add("Gather", "rows", table, place), _graph.Numbers(1));
        }

        if (place == "cache_position")
        {
            return _graph.Add("Gather", "turns", table, place);
        }

        _graph.Add("Shape", "shape", "tokens");
        _graph.Add("Gather", "count", "shape", _graph.Integer(1));
        _graph.Add("Range", "counted", _graph.Integer(0), "count", _graph.Integer(1));
        return _graph.Add("Gather", "turns", table, _graph.Add("Add", "places", "counted", place));
    }

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
