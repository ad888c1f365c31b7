using Stip.Export.Blocks.Attention;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.FeedForward;

/// <summary>How a router's scores become the shares of a row's experts. The operator of ONNX Runtime knows one way, a
/// softmax over the chosen; logarithms of any other shares make it mix by those.</summary>
internal sealed record ExpertRouting
{
    // What an expert scores that is not taken: nothing is left of it after softmax, in float16 too.
    internal const double NotTaken = -1e4;

    /// <summary>The softmax over all experts, whose largest shares are taken.</summary>
    public static ExpertRouting Softmax { get; } = new();

    /// <summary>A sigmoid for each expert.</summary>
    public static ExpertRouting Sigmoid { get; } = new() { IsSigmoid = true };

    /// <summary>True where an expert's share hangs on its own score alone, false for a softmax over all.</summary>
    public bool IsSigmoid { get; init; }

    /// <summary>Name of what is added to shares for the choice only <c>[experts]</c>, null for nothing.</summary>
    public string? Bias { get; init; }

    /// <summary>True where the bias is stored <c>[1, experts]</c>.</summary>
    public bool StoresBiasAsRow { get; init; }

    /// <summary>Groups of neighbouring experts.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>How many of them a row's experts may come from, those with the best members.</summary>
    public int ChosenGroups { get; init; } = 1;

    /// <summary>How many of a group's members speak for it.</summary>
    public int Speakers { get; init; } = 2;

    /// <summary>Two experts, each with its share of those that score nearly as much as it does among what is left: how
    /// much less, as a share of the score. Null for other ways.</summary>
    public double? Near { get; init; }

    /// <summary>Factor on the shares.</summary>
    public double Factor { get; init; } = 1;

    private bool IsPlainSoftmax => !IsSigmoid && Bias is null && !LimitsGroups && Near is null;

    private bool LimitsGroups => Groups > ChosenGroups;

    /// <summary>DeepSeek's way, under the names that its kin share: sigmoids, and a bias that spreads the
    /// load.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="factor">Factor where config.json has none.</param>
    public static ExpertRouting ReadBalanced(ConfigJson config, double factor = 1) => Sigmoid with
    {
        Bias = "gate.e_score_correction_bias",
        Groups = config.FindSize("n_group") ?? 1,
        ChosenGroups = config.FindSize("topk_group") ?? 1,
        Factor = config.Positive("routed_scaling_factor", factor),
    };

    /// <summary>Refuses numbers that do not go together.</summary>
    /// <exception cref="RefusedException">More are to be chosen than there are, or groups are not equal.</exception>
    public void RefuseUnlessFits(int experts, int chosen)
    {
        if (chosen > experts)
        {
            throw new RefusedException($"config.json: {chosen} of {experts} experts are to be chosen");
        }

        if (experts % Groups != 0 || ChosenGroups > Groups || (LimitsGroups && experts / Groups < Speakers))
        {
            throw new RefusedException($"config.json: {experts} experts in {Groups} groups, of which {ChosenGroups} "
                + $"are chosen by {Speakers} members each, do not go together");
        }
    }

    /// <summary>True where the largest scores are the choice and their softmax the shares. Other ways are computed in
    /// float32, as the models were trained: sigmoids and a bias for the choice that are rounded to 16 bits choose other
    /// experts.</summary>
    /// <param name="normalizes">True where the shares of the chosen sum to 1.</param>
    public bool IsPlain(bool normalizes) => IsPlainSoftmax && normalizes;

    /// <summary>Appends what lies between router and experts.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="part">Where router and experts are in the layer.</param>
    /// <param name="scores">What the router gives, <c>[batch, seq, experts]</c>: in float32 unless the choice is
    /// plain.</param>
    /// <param name="block">The experts.</param>
    /// <returns>In the graph's type: scores whose softmax over the chosen are the shares, and what the shares are
    /// together, null where that is 1.</returns>
    public (string Scores, string? Total) Append(
        DecoderLayer layer, string part, string scores, ExpertFeedForward block)
    {
        var (decoder, name) = (layer.Decoder, layer.Name("experts.share"));
        if (IsPlain(block.Normalizes))
        {
            return (scores, OfAll(decoder));
        }

        var (routed, total) = Near is { } near
            ? new PairRouting(decoder, layer.Name("experts.pair"), near).Append(scores)
            : Shared(layer, part, scores, block);
        total = Near is null && total is not null ? Scaled(decoder.Graph, name, total) : total;
        return (
            decoder.InOwnType($"{name}.routed", routed),
            total is null ? OfAll(decoder) : decoder.InOwnType($"{name}.total", total));
    }

    private (string Scores, string? Total) Shared(
        DecoderLayer layer, string part, string scores, ExpertFeedForward block)
    {
        var (graph, name) = (layer.Decoder.Graph, layer.Name("experts.share"));
        var shares = IsSigmoid
            ? graph.Add("Sigmoid", $"{name}/Sigmoid", [scores])
            : graph.Add("Softmax", $"{name}/Softmax", [scores], NodeAttribute.Int("axis", -1));
        var (routed, kept) = IsPlainSoftmax ? (scores, shares) : Taken(layer, part, scores, shares, block);
        var total = block.Normalizes ? null : Sum(graph, name, Best(graph, name, kept, block.Chosen, axis: -1));
        return (routed, total);
    }

    // Logarithms of the shares, and the shares themselves, both of nothing where an expert is not taken.
    private (string Logarithms, string Shares) Taken(
        DecoderLayer layer, string part, string scores, string shares, ExpertFeedForward block)
    {
        var (decoder, graph, name) = (layer.Decoder, layer.Decoder.Graph, layer.Name("experts.choice"));
        // That of a sigmoid by what is left to 1: large scores differ there still, where their sigmoids are all 1.
        var logarithms = IsSigmoid
            ? graph.Add("Neg", $"{name}/Log", [graph.Add(
                "Softplus", $"{name}/Softplus", [graph.Add("Neg", $"{name}/Neg", [scores])])])
            : graph.Add("Log", $"{name}/Log", [shares]);
        if (Bias is null && !LimitsGroups)
        {
            return (logarithms, shares);
        }

        var choice = shares;
        if (Bias is not null)
        {
            var stored = decoder.Tensors.Require(
                $"{layer.Tensor(part)}.{Bias}", StoresBiasAsRow ? [1, block.Experts] : [block.Experts]);
            var bias = decoder.WideWeights.Vector((stored, HeadPadding.None(block.Experts)));
            choice = graph.Add("Add", $"{name}/Add", [shares, graph.AddWeight($"{name}.bias", bias)]);
        }

        choice = LimitsGroups ? OfBestGroups(decoder, name, choice, block.Experts) : choice;
        var isTaken = IsAmongBest(graph, name, choice, block.Chosen, axis: -1);
        return (
            graph.Add("Where", $"{name}/Logarithms", [isTaken, logarithms, Wide(graph, NotTaken)]),
            graph.Add("Where", $"{name}/Shares", [isTaken, shares, Wide(graph, 0)]));
    }

    private string OfBestGroups(DecoderGraph decoder, string name, string choice, int experts)
    {
        var graph = decoder.Graph;
        var members = graph.Shared("experts.groups", 0, 0, Groups, experts / Groups);
        var grouped = graph.Add("Reshape", $"{name}/groups", [choice, members]); // [batch, seq, groups, members]
        var speakers = Sum(graph, $"{name}/speakers", Best(graph, $"{name}/speakers", grouped, Speakers, axis: -1));
        var isGood = IsAmongBest(graph, $"{name}/groups", speakers, ChosenGroups, axis: 2); // [batch, seq, groups, 1]
        var limited = graph.Add("Where", $"{name}/Where", [isGood, grouped, Wide(graph, NotTaken)]);
        return graph.Add("Reshape", $"{name}/limited", [limited, graph.Shared("experts.apart", 0, 0, experts)]);
    }

    private static string IsAmongBest(GraphBuilder graph, string name, string values, int count, int axis)
    {
        var best = Best(graph, $"{name}/best", values, count, axis);
        var last = graph.Add(
            "ReduceMin",
            $"{name}/ReduceMin",
            [best, graph.Shared($"experts.axis.{axis}", axis)],
            NodeAttribute.Int("keepdims", 1));
        return graph.Add("GreaterOrEqual", $"{name}/GreaterOrEqual", [values, last]);
    }

    private static string Best(GraphBuilder graph, string name, string values, int count, int axis) => graph.Append(
        "",
        "TopK",
        $"{name}/TopK",
        [values, graph.Shared($"experts.count.{count}", count)],
        [$"{name}/chosen", $"{name}/places"],
        NodeAttribute.Int("axis", axis))[0];

    private static string Sum(GraphBuilder graph, string name, string values) => graph.Add(
        "ReduceSum",
        $"{name}/ReduceSum",
        [values, graph.Shared("experts.axis.-1", -1)],
        NodeAttribute.Int("keepdims", 1));

    private string Scaled(GraphBuilder graph, string name, string total) => Factor == 1 ? total
        : graph.Add("Mul", $"{name}/Mul", [total, Constant(graph, "experts.factor", TensorDtype.Float32, Factor)]);

    // Of shares that sum to 1, in the graph's own type.
    private string? OfAll(DecoderGraph decoder) => Factor == 1 ? null
        : Constant(decoder.Graph, "experts.factor", decoder.Weights.Dtype, Factor);

    private static string Wide(GraphBuilder graph, double value) => Constant(
        graph, value == 0 ? "experts.nothing" : "experts.not_taken", TensorDtype.Float32, value);

    private static string Constant(GraphBuilder graph, string name, TensorDtype dtype, double value) =>
        graph.Has(name) ? name : graph.AddConstant(name, dtype, value);
}
