using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.FeedForward;

/// <summary>
/// Gated experts of a decoder as products of their own, so that each matrix may be what the checkpoint stores: 4-bit
/// blocks with minima, which the runtime's operator for all experts at once does not take.
/// </summary>
/// <param name="decoder">The graph.</param>
/// <param name="block">Sizes of the experts.</param>
internal sealed class SeparateExperts(DecoderGraph decoder, ExpertFeedForward block)
{
    // Every expert is two dozen nodes in every layer.
    private const int MostExperts = 16;

    private const int RowAxes = 2;

    /// <summary>True where a layer may have such experts.</summary>
    /// <param name="gates">Gates and what they gate.</param>
    /// <param name="down">The ways back.</param>
    public bool Fit(ExpertRows gates, ExpertRows down) => block.Experts <= MostExperts
        && (gates.AreBlocks || down.AreBlocks) && block.IsPlain
        && gates.InTurns == 2 && gates.Tensors.Count == 2 * block.Experts && down.Tensors.Count == block.Experts;

    /// <summary>Appends the experts.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="input">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <param name="routed">Scores whose softmax over the chosen are the shares, <c>[rows, experts]</c>.</param>
    /// <param name="gates">Gates and what they gate.</param>
    /// <param name="down">The ways back.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(string name, string input, string routed, ExpertRows gates, ExpertRows down)
    {
        var graph = decoder.Graph;
        var rows = graph.Add(
            "Reshape", $"{name}/rows", [input, graph.Shared("experts.features", -1, decoder.HiddenSize)]);
        var best = graph.Append(
            "",
            "TopK",
            $"{name}.share/TopK",
            [routed, graph.Shared($"experts.count.{block.Chosen}", block.Chosen)],
            [$"{name}.share/chosen", $"{name}.share/places"]); // [rows, chosen]
        var shares = graph.Add("Softmax", $"{name}.share/Softmax", [best[0]], NodeAttribute.Int("axis", -1));
        var routes = new RoutedRows(graph, rows, shares, best[1]);
        var zero = graph.Has("experts.zero") ? "experts.zero" : decoder.Scalar("experts.zero", 0);
        var mixed = routes.Nothing(name, zero);
        for (var expert = 0; expert < block.Experts; expert++)
        {
            var (own, index) = ($"{name}.{expert}", expert);
            mixed = routes.Append(own, index, mixed, taken =>
            {
                var gate = Product($"{own}.gate", taken, gates, 2 * index);
                var up = Product($"{own}.up", taken, gates, (2 * index) + 1);
                var gated = graph.Add(
                    "Mul", $"{own}/gated", [Activation.Append(graph, block.Function, $"{own}.act", gate), up]);
                return Product($"{own}.down", gated, down, index);
            });
        }

        return graph.Add("Reshape", $"{name}/output", [mixed, graph.Add("Shape", $"{name}/shape", [input])]);
    }

    private string Product(string name, string input, ExpertRows rows, int tensor) =>
        Linear.FromRows(decoder, name, input, rows.Tensors[tensor], bias: null, RowAxes);
}
