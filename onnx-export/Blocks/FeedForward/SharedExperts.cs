using Stip.Export.Checkpoints;

namespace Stip.Export.Blocks.FeedForward;

/// <summary>DeepSeek's feed-forward part: plain in some layers, in the others experts beside one that every row goes
/// through.</summary>
/// <param name="Plain">In layers without experts.</param>
/// <param name="Experts">In the others.</param>
/// <param name="Shared">What every row goes through beside them, null for nothing.</param>
internal sealed record SharedExperts(GatedFeedForward Plain, ExpertFeedForward? Experts, GatedFeedForward? Shared)
{
    /// <summary>Which layers have experts.</summary>
    public required IReadOnlyList<bool> IsSparse { get; init; }

    /// <summary>Name of what every row goes through.</summary>
    public string SharedPart { get; init; } = "shared_experts";

    /// <summary>Factor on both together.</summary>
    public double Factor { get; init; } = 1;

    /// <summary>Reads the names that DeepSeek's kin share.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="shape">Sizes.</param>
    /// <param name="routing">How a row's experts are chosen.</param>
    /// <param name="firstSparse">First layer with experts where config.json does not say.</param>
    /// <param name="normalizes">True where shares sum to 1 unless config.json says otherwise.</param>
    public static SharedExperts Read(
        ConfigJson config, DecoderShape shape, ExpertRouting routing, int firstSparse = 0, bool normalizes = true)
    {
        var plain = GatedFeedForward.Read(config);
        if (config.FindSize("n_routed_experts", "num_experts", "num_local_experts") is not { } count)
        {
            return new SharedExperts(plain, null, null) { IsSparse = new bool[shape.Layers] };
        }

        var width = config.Size("moe_intermediate_size");
        var shared = config.Count(config.Said("n_shared_experts", "num_shared_experts"));
        return new SharedExperts(
            plain,
            new ExpertFeedForward(count, config.Size("num_experts_per_tok"), width, plain.Function)
            {
                Routing = routing,
                Normalizes = config.Flag("norm_topk_prob", normalizes),
            },
            shared > 0 ? plain with { InnerSize = shared * width } : null)
        {
            IsSparse = ReadSparse(config, shape, firstSparse),
        };
    }

    /// <summary>Appends the part of one layer.</summary>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(DecoderLayer layer, string rows, string part)
    {
        if (Experts is null || !IsSparse[layer.Index])
        {
            return Plain.Append(layer, rows, part);
        }

        var mixed = Experts.Append(layer, rows, part);
        if (Shared is null)
        {
            return mixed;
        }

        var (graph, name) = (layer.Decoder.Graph, layer.Name("experts/both"));
        var both = graph.Add(
            "Add", name, [mixed, Shared.Append(layer, rows, $"{part}.{SharedPart}", "shared")]);
        return Factor == 1 ? both : graph.Add("Mul", $"{name}/Mul", [both, FactorOf(layer.Decoder)]);
    }

    private string FactorOf(DecoderGraph decoder) =>
        decoder.Graph.Has("experts.both") ? "experts.both" : decoder.Scalar("experts.both", Factor);

    private static IReadOnlyList<bool> ReadSparse(ConfigJson config, DecoderShape shape, int firstSparse)
    {
        var types = config.Texts("mlp_layer_types");
        var first = config.Has("first_k_dense_replace") ? config.Count("first_k_dense_replace") : firstSparse;
        var step = config.FindSize("moe_layer_freq") ?? 1;
        return [.. Enumerable.Range(0, shape.Layers).Select(
            layer => layer < types.Count ? types[layer] == "sparse" : layer >= first && layer % step == 0)];
    }
}
