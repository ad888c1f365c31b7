using Stip.Onnx.Model;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>One small transformer, written with what the standard operators of an opset offer.</summary>
internal sealed class OpsetGraph
{
    public const int Vocabulary = 11;
    private const int Heads = 2;
    private const int HeadDim = 4;
    private const int Hidden = Heads * HeadDim;
    private const int Inner = 12;
    private const int Positions = 8;

    // Since these, an operator is there or takes its axes as an input.
    private const int HasLayerNormalization = 17;
    private const int HasAxesInputs = 18;
    private const int HasGelu = 20;
    private const int HasAttention = 23;

    private readonly SmallGraph _graph;
    private readonly int _opset;

    private OpsetGraph(SmallGraph graph, int opset) => (_graph, _opset) = (graph, opset);

    public static void Build(SmallGraph graph, int opset)
    {
        graph.Opset = opset;
        new OpsetGraph(graph, opset).Build();
    }

    private void Build()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Graph.AddInput("position_ids", TensorDtype.Int64, "batch", "seq");
        var tokens = _graph.Add("Gather", "token_rows", _graph.Weight("tokens", Vocabulary, Hidden), "input_ids");
        var places = _graph.Add("Gather", "place_rows", _graph.Weight("places", Positions, Hidden), "position_ids");
        var stream = _graph.Add("Add", "hidden", tokens, places);
        stream = _graph.Add("Add", "attended", stream, Attention(Norm("first", stream)));
        stream = _graph.Add("Add", "transformed", stream, FeedForward(Norm("second", stream)));
        _graph.Add("MatMul", "logits", Norm("last", stream), _graph.Weight("head", Hidden, Vocabulary));
        _graph.Output("logits", "batch", "seq", Vocabulary);
    }

    private string Norm(string name, string value)
    {
        var scale = _graph.Weight($"{name}_scale", Hidden);
        if (_opset >= HasAttention)
        {
            return _graph.With("RMSNormalization", name, [value, scale]);
        }

        if (_opset >= HasLayerNormalization)
        {
            return _graph.With("LayerNormalization", name, [value, scale, _graph.Weight($"{name}_shift", Hidden)]);
        }

        var centred = _graph.Add("Sub", $"{name}_centred", value, Mean($"{name}_mean", value));
        var square = Mean($"{name}_square", _graph.Add("Mul", $"{name}_squares", centred, centred));
        var root = _graph.Add("Sqrt", $"{name}_root", _graph.Add("Add", $"{name}_more", square, _graph.Number(1e-5f)));
        return _graph.Add(
            "Add", name, _graph.Add("Mul", $"{name}_scaled", _graph.Add("Div", $"{name}_unit", centred, root), scale),
            _graph.Weight($"{name}_shift", Hidden));
    }

    private string Mean(string name, string value) => _opset >= HasAxesInputs
        ? _graph.With("ReduceMean", name, [value, _graph.Numbers(-1)])
        : _graph.With("ReduceMean", name, [value], NodeAttribute.Ints("axes", -1));

    private string Attention(string rows)
    {
        string[] parts = ["q", "k", "v"];
        var packed = _graph.Add("MatMul", "qkv", rows, _graph.Weight("qkv_weight", Hidden, 3 * Hidden));
        _graph.Graph.Append("", "Split", "qkv_split", [packed], parts,
            _opset >= HasAxesInputs
                ? [NodeAttribute.Int("axis", 2), NodeAttribute.Int("num_outputs", 3)]
                : [NodeAttribute.Int("axis", 2)]);
        var mixed = _opset >= HasAttention ? Fused() : WrittenOut();
        return _graph.Add("MatMul", "attention_output", mixed, _graph.Weight("output_weight", Hidden, Hidden));
    }

    private string Fused() => _graph.With(
        "Attention",
        "mixed",
        [Turned("q"), Turned("k"), "v"],
        NodeAttribute.Int("q_num_heads", Heads),
        NodeAttribute.Int("kv_num_heads", Heads),
        NodeAttribute.Int("is_causal", 1));

    private string Turned(string name)
    {
        string Table(string table) => _graph.Graph.Has(table) ? table : _graph.Weight(table, Positions, HeadDim / 2);
        return _graph.With(
            "RotaryEmbedding", $"{name}_turned", [name, Table("cosines"), Table("sines"), "position_ids"],
            NodeAttribute.Int("num_heads", Heads));
    }

    private string WrittenOut()
    {
        string ByHead(string name, params long[] order) => _graph.With(
            "Transpose", $"{name}_heads",
            [_graph.Add("Reshape", $"{name}_parts", name, _graph.Numbers(0, 0, Heads, HeadDim))],
            NodeAttribute.Ints("perm", order));

        var scores = _graph.Add("MatMul", "scores", ByHead("q", 0, 2, 1, 3), ByHead("k", 0, 2, 3, 1));
        var shares = _graph.With("Softmax", "shares", [scores], NodeAttribute.Int("axis", -1));
        var mixed = _graph.Add("MatMul", "mixed_heads", shares, ByHead("v", 0, 2, 1, 3));
        var back = _graph.With("Transpose", "mixed_rows", [mixed], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        return _graph.Add("Reshape", "mixed", back, _graph.Numbers(0, 0, Hidden));
    }

    private string FeedForward(string rows)
    {
        var up = _graph.Add("MatMul", "up", rows, _graph.Weight("up_weight", Hidden, Inner));
        var active = _opset >= HasGelu ? _graph.Add("Gelu", "active", up) : Gelu(up);
        return _graph.Add("MatMul", "down", active, _graph.Weight("down_weight", Inner, Hidden));
    }

    private string Gelu(string value)
    {
        var share = _graph.Add("Erf", "erf", _graph.Add("Div", "erf_input", value, _graph.Number(1.41421356f)));
        var whole = _graph.Add("Mul", "gelu", value, _graph.Add("Add", "erf_more", share, _graph.Number(1)));
        return _graph.Add("Mul", "active", whole, _graph.Number(0.5f));
    }
}
