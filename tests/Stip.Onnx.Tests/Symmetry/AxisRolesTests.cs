using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>Decoders whose axes have names that say nothing, or something else than they count.</summary>
public sealed class AxisRolesTests : IDisposable
{
    private const int Hidden = 12;
    private const int Heads = 3;
    private const int HeadSize = Hidden / Heads;

    private readonly SmallGraph _graph = new() { Opset = 13 };
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _folder.Dispose();
        _graph.Dispose();
    }

    [Theory]
    [InlineData("stacked", "b", "t", "p", "all")]
    [InlineData("turned", "b", "t", "p", "all")]
    [InlineData("stacked", "tokens_dynamic_axes_1", "tokens_dynamic_axes_2", "kv_dynamic_axes_1", "pad_dynamic_axes_2")]
    [InlineData("plain", "tokens_dynamic_axes_1", "tokens_dynamic_axes_2", "kv_dynamic_axes_1", "pad_dynamic_axes_2")]
    [InlineData("given turned", "b", "t", "p", "all")]
    [InlineData("early", "b", "t", "p", "all")]
    [InlineData("early", "tokens_dynamic_axes_1", "tokens_dynamic_axes_2", "kv_dynamic_axes_1", "pad_dynamic_axes_2")]
    [InlineData("early", "b", "t", "kv_seq", "all")]
    [InlineData("flat", "b", "t", "p", "all")]
    public void Protect_OfADecoderWithACache_FindsTheLengthThatGrows(
        string layout, string batch, string rows, string past, string total)
    {
        Build(layout, batch, rows, past, total);

        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
        using var package = ProtectedModel.Open(_folder.At("package"));
        using var cloud = ModelFile.Load(package.GraphPath);
        Assert.Contains(cloud.Tensors, tensor => tensor.Name == "w_q" && package.Plan.Of(tensor).Axes[^1] is not null);
    }

    private void Build(string layout, string batch, string rows, string past, string total)
    {
        _graph.Graph.AddInput("tokens", TensorDtype.Int64, batch, rows);
        _graph.Graph.AddInput("pad", TensorDtype.Int64, batch, total);
        Axis[] shape = layout switch
        {
            "stacked" => [2, batch, Heads, past, HeadSize],
            "turned" or "given turned" => [batch, Heads, HeadSize, past],
            "early" => [batch, past, Heads, HeadSize],
            "flat" => [batch, past, Hidden],
            _ => [batch, Heads, past, HeadSize],
        };
        _graph.Input("kv", shape);
        _graph.Add("Gather", "h", _graph.Weight("table", 9, Hidden), "tokens");
        var (key, value) = Cache(layout);
        _graph.Add("MatMul", "scores", Split("q"), key);
        _graph.With("Cast", "counts", ["pad"], NodeAttribute.Int("to", 1));
        _graph.Add("Unsqueeze", "mask", "counts", _graph.Numbers(1, 2));
        _graph.Add("Add", "seen", "scores", "mask");
        _graph.With("Softmax", "shares", ["seen"], NodeAttribute.Int("axis", -1));
        _graph.Add("MatMul", "taken", "shares", value);
        _graph.With("Transpose", "together", ["taken"], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        _graph.Add("Reshape", "attended", "together", _graph.Numbers(0, 0, Hidden));
        _graph.Add("Add", "stream", "h", "attended");
        _graph.Add("MatMul", "logits", "stream", _graph.Weight("w_head", Hidden, 9));
        _graph.Output("logits", batch, rows, 9);
        _graph.Save().Dispose();
    }

    private (string Key, string Value) Cache(string layout)
    {
        var (key, value) = (Split("k"), Split("v"));
        if (layout == "stacked")
        {
            key = Joined("keys", _graph.Add("Gather", "past_k", "kv", _graph.Integer(0)), key, 2);
            value = Joined("values", _graph.Add("Gather", "past_v", "kv", _graph.Integer(1)), value, 2);
            return (_graph.With("Transpose", "columns", [key], NodeAttribute.Ints("perm", 0, 1, 3, 2)), value);
        }

        if (layout is "early" or "flat")
        {
            return Early(layout == "flat");
        }

        var isTurned = layout.EndsWith("turned", StringComparison.Ordinal);
        var turned = _graph.With("Transpose", "k_t", [key], NodeAttribute.Ints("perm", 0, 1, 3, 2));
        var all = isTurned ? Joined("keys", "kv", turned, 3) : Joined("keys", "kv", key, 2);
        if (layout == "given turned")
        {
            _graph.Output("keys", "b", Heads, HeadSize, "p_next");
        }

        var other = _graph.With("Transpose", "columns", [all], NodeAttribute.Ints("perm", 0, 1, 3, 2));

        // Keys stand for values too: the one cache that the graph has.
        return isTurned ? (all, other) : (other, all);
    }

    // Its length stands where texts have theirs: only what is given for it shows that it grows.
    private (string Key, string Value) Early(bool isFlat)
    {
        _graph.Add("MatMul", "k_flat", "h", _graph.Weight("w_early", Hidden, Hidden));
        var next = isFlat ? "k_flat" : InHeads("k_early", "k_flat");
        Joined("kept", "kv", next, 1);
        Axis[] shape = isFlat ? ["kept_0", "kept_1", Hidden] : ["kept_0", "kept_1", Heads, HeadSize];
        _graph.Output("kept", shape);
        var heads = isFlat ? InHeads("kept_heads", "kept") : "kept";
        var value = _graph.With("Transpose", "values", [heads], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        return (_graph.With("Transpose", "columns", [heads], NodeAttribute.Ints("perm", 0, 2, 3, 1)), value);
    }

    private string InHeads(string name, string flat) =>
        _graph.Add("Reshape", name, flat, _graph.Numbers(0, 0, Heads, HeadSize));

    private string Joined(string name, string past, string next, int axis) =>
        _graph.With("Concat", name, [past, next], NodeAttribute.Int("axis", axis));

    private string Split(string name)
    {
        _graph.Add("MatMul", $"{name}_wide", "h", _graph.Weight($"w_{name}", Hidden, Hidden));
        _graph.Add("Reshape", $"{name}_heads", $"{name}_wide", _graph.Numbers(0, 0, Heads, HeadSize));
        return _graph.With("Transpose", name, [$"{name}_heads"], NodeAttribute.Ints("perm", 0, 2, 1, 3));
    }
}
