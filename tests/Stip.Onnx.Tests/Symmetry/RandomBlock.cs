using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>One transformer block of a kind that a seed decides: norm and its place, activation, gate, biases, heads,
/// projections in one or apart, normed heads, rotary embedding or slopes, order, tied head.</summary>
internal sealed class RandomBlock
{
    private const int Hidden = 12;
    private const int Vocabulary = 15;
    private const string Table = "tokens";
    private readonly SmallGraph _graph;
    private readonly Random _random;
    private readonly int _heads;
    private readonly int _groups;
    private readonly int _headDim;
    private readonly bool _hasBiases;
    private readonly bool _isRms;
    private readonly HashSet<string> _traits = new(StringComparer.Ordinal);
    private int _count;

    public RandomBlock(SmallGraph graph, int seed)
    {
        _graph = graph;
        _random = new Random(seed);
        _groups = _random.Next(1, 4);
        _heads = _groups * _random.Next(1, 3);
        _headDim = 2 * _random.Next(1, 4);
        (_hasBiases, _isRms) = (Coin(), Coin());
        Note(_hasBiases, "biases", "no biases");
        Note(_isRms, "rms norm", "layer norm");
        Note(_heads > _groups, "shared keys", "keys of each head");
        Note(_groups > 1, "several groups", "one group");
    }

    /// <summary>All that a block may be made of.</summary>
    public static IReadOnlySet<string> EveryTrait { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "biases", "no biases", "rms norm", "layer norm", "norm before", "norm after", "shared keys",
        "keys of each head", "several groups", "one group", "parallel", "serial", "head by MatMul", "head by Gemm",
        "normed heads", "heads as they are", "rotary", "not rotary", "slopes", "no slopes", "fused projections",
        "projections apart", "gate in one matrix", "gate apart", "no gate", "Relu", "Gelu", "Tanh", "Sigmoid", "tied",
        "not tied",
    };

    /// <summary>What this block was made of.</summary>
    public IReadOnlySet<string> Traits => _traits;

    /// <summary>Writes the block with a head that gives <c>logits</c>.</summary>
    /// <param name="fromIds">True to begin with ids and a table of tokens, which the head may be as well.</param>
    public void Build(bool fromIds = false)
    {
        var hidden = fromIds ? Tokens() : _graph.Input("x", "batch", "seq", Hidden);
        var (isParallel, isPostNorm) = (Coin(), Coin());
        Note(isParallel, "parallel", "serial");
        Note(isPostNorm, "norm after", "norm before");
        var attended = Attention(isPostNorm ? hidden : Norm(hidden));
        var middle = isParallel ? hidden : Residual(hidden, attended, isPostNorm);
        var made = FeedForward(isPostNorm ? middle : Norm(middle));
        var last = isParallel
            ? Add("Add", Add("Add", hidden, attended), made)
            : Residual(middle, made, isPostNorm);
        _graph.Add("Identity", "logits", Head(last, isTied: fromIds && Note(Coin(), "tied", "not tied")));
        _graph.Output("logits", "batch", "seq", Vocabulary);
    }

    private string Tokens()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        return Add("Gather", _graph.Weight(Table, Vocabulary, Hidden), "input_ids");
    }

    private string Head(string last, bool isTied)
    {
        if (Note(Coin(), "head by MatMul", "head by Gemm"))
        {
            return Add("MatMul", Norm(last), isTied
                ? _graph.With("Transpose", Name(), [Table], NodeAttribute.Ints("perm", 1, 0))
                : Weight(Hidden, Vocabulary));
        }

        var rows = _graph.With(
            "Gemm",
            Name(),
            [Add("Reshape", last, _graph.Numbers(-1, Hidden)), isTied ? Table : Weight(Vocabulary, Hidden)],
            NodeAttribute.Int("transB", 1));
        return isTied ? Add("Reshape", rows, LikeIds()) : rows;
    }

    private string LikeIds() => _graph.With(
        "Concat", Name(), [Add("Shape", "input_ids"), _graph.Numbers(Vocabulary)], NodeAttribute.Int("axis", 0));

    private string Residual(string hidden, string branch, bool isPostNorm)
    {
        var sum = Add("Add", hidden, branch);
        return isPostNorm ? Norm(sum) : sum;
    }

    private string Norm(string value)
    {
        if (!_isRms)
        {
            return _graph.Add("LayerNormalization", Name(), [value, Weight(Hidden), .. Bias(Hidden)]);
        }

        var mean = Add("ReduceMean", Add("Mul", value, value), _graph.Numbers(-1));
        var root = Add("Sqrt", Add("Add", mean, _graph.Number(1e-5f)));
        return Add("Mul", Add("Div", value, root), Weight(Hidden));
    }

    private string Attention(string value)
    {
        var (query, key, mixed) = Projections(value);
        if (Note(Coin(), "normed heads", "heads as they are"))
        {
            // One factor that all heads share.
            (query, key) = (HeadNorm(query), HeadNorm(key));
        }

        if (Note(Coin(), "rotary", "not rotary"))
        {
            var cosines = Weight(1, 1, 1, _headDim / 2);
            var sines = Weight(1, 1, 1, _headDim / 2);
            (query, key) = (Rotated(query, cosines, sines), Rotated(key, cosines, sines));
        }

        (key, mixed) = (Repeated(key), Repeated(mixed));
        var turned = _graph.With("Transpose", Name(), [key], NodeAttribute.Ints("perm", 0, 1, 3, 2));
        var scores = Add("Mul", Add("MatMul", query, turned), _graph.Number(0.3f));
        scores = Note(Coin(), "slopes", "no slopes") ? Add("Add", scores, Falling(key)) : scores;
        var shares = _graph.With("Softmax", Name(), [scores], NodeAttribute.Int("axis", -1));
        var back = _graph.With(
            "Transpose", Name(), [Add("MatMul", shares, mixed)], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        var width = _heads * _headDim;
        return Dense(Add("Reshape", back, _graph.Numbers(0, 0, width)), width, Hidden);
    }

    private string HeadNorm(string value) => _graph.With(
        "LayerNormalization", Name(), [value, Weight(_headDim)], NodeAttribute.Int("axis", -1));

    // A slope for each head times the place of the key.
    private string Falling(string key)
    {
        var length = Add("Gather", Add("Shape", key), _graph.Integer(2));
        var places = Add("Range", _graph.Integer(0), length, _graph.Integer(1));
        var floats = _graph.With("Cast", Name(), [places], NodeAttribute.Int("to", 1));
        return Add("Mul", Weight(1, _heads, 1, 1), floats);
    }

    private (string Query, string Key, string Value) Projections(string value)
    {
        var (wide, narrow) = (_heads * _headDim, _groups * _headDim);
        if (!Note(Coin(), "fused projections", "projections apart"))
        {
            return (Heads(Dense(value, Hidden, wide), _heads), Heads(Dense(value, Hidden, narrow), _groups),
                Heads(Dense(value, Hidden, narrow), _groups));
        }

        string[] parts = [Name(), Name(), Name()];
        _graph.Graph.Append(
            "", "Split", Name(), [Dense(value, Hidden, wide + (2 * narrow)), _graph.Numbers(wide, narrow, narrow)],
            parts, NodeAttribute.Int("axis", -1));
        return (Heads(parts[0], _heads), Heads(parts[1], _groups), Heads(parts[2], _groups));
    }

    private string Heads(string value, int heads) => _graph.With(
        "Transpose", Name(), [Add("Reshape", value, _graph.Numbers(0, 0, heads, _headDim))],
        NodeAttribute.Ints("perm", 0, 2, 1, 3));

    private string Rotated(string value, string cosines, string sines)
    {
        string[] halves = [Name(), Name()];
        _graph.Graph.Append(
            "", "Split", Name(), [value], halves, NodeAttribute.Int("axis", 3), NodeAttribute.Int("num_outputs", 2));
        var first = Add("Sub", Add("Mul", halves[0], cosines), Add("Mul", halves[1], sines));
        var second = Add("Add", Add("Mul", halves[1], cosines), Add("Mul", halves[0], sines));
        return _graph.With("Concat", Name(), [first, second], NodeAttribute.Int("axis", -1));
    }

    private string Repeated(string value)
    {
        var shared = _heads / _groups;
        if (shared == 1)
        {
            return value;
        }

        var wide = Add("Unsqueeze", value, _graph.Numbers(2));
        var all = Add("Tile", wide, _graph.Numbers(1, 1, shared, 1, 1));
        var shape = Add("Shape", value);
        var target = _graph.With("Concat", Name(), [
            Add("Slice", shape, _graph.Numbers(0), _graph.Numbers(1)), _graph.Numbers(_heads),
            Add("Slice", shape, _graph.Numbers(2), _graph.Numbers(4)),
        ], NodeAttribute.Int("axis", 0));
        return Add("Reshape", all, target);
    }

    private string FeedForward(string value)
    {
        var width = _random.Next(5, 20);
        var activation = new[] { "Relu", "Gelu", "Tanh", "Sigmoid" }[_random.Next(4)];
        _traits.Add(activation);
        if (Coin())
        {
            _traits.Add("gate in one matrix");

            // Gate and what it gates from one matrix.
            string[] halves = [Name(), Name()];
            _graph.Graph.Append(
                "", "Split", Name(), [Dense(value, Hidden, 2 * width)], halves, NodeAttribute.Int("axis", -1),
                NodeAttribute.Int("num_outputs", 2));
            return Dense(Add("Mul", Add(activation, halves[0]), halves[1]), width, Hidden);
        }

        var up = Dense(value, Hidden, width);
        var made = Note(Coin(), "gate apart", "no gate")
            ? Add("Mul", Add(activation, Dense(value, Hidden, width)), up)
            : Add(activation, up);
        return Dense(made, width, Hidden);
    }

    private string Dense(string value, int inner, int outer)
    {
        var product = Add("MatMul", value, Weight(inner, outer));
        return _hasBiases ? Add("Add", product, Weight(outer)) : product;
    }

    private string[] Bias(int width) => _hasBiases ? [Weight(width)] : [];

    private string Weight(params long[] shape) => _graph.Weight($"w{_count++}", shape);

    private string Add(string operation, params string[] inputs) => _graph.Add(operation, Name(), inputs);

    private string Name() => $"n{_count++}";

    private bool Coin() => _random.Next(2) == 0;

    private bool Note(bool isSo, string trait, string otherwise)
    {
        _traits.Add(isSo ? trait : otherwise);
        return isSo;
    }
}
