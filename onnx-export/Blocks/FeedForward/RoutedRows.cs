using Stip.Onnx.Model;

namespace Stip.Export.Blocks.FeedForward;

/// <summary>Rows that are sent to few of several experts, each of which is a part of the graph of its own: it takes its
/// rows and no others.</summary>
/// <param name="graph">The graph.</param>
/// <param name="rows">The rows <c>[rows, hidden]</c>.</param>
/// <param name="shares">Shares of the experts of each row, <c>[rows, chosen]</c>.</param>
/// <param name="places">Which experts these are, <c>[rows, chosen]</c>.</param>
internal sealed class RoutedRows(GraphBuilder graph, string rows, string shares, string places)
{
    /// <summary>What no expert has added to yet.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="zero">Name of a scalar 0.</param>
    public string Nothing(string name, string zero) => graph.Add(
        "Expand", $"{name}/nothing", [zero, graph.Add("Shape", $"{name}/size", [rows])]);

    /// <summary>Adds what an expert makes of its rows.</summary>
    /// <param name="name">Name of the expert in the graph.</param>
    /// <param name="expert">Its number.</param>
    /// <param name="mixed">What is added to, <c>[rows, hidden]</c>.</param>
    /// <param name="make">Appends the expert to rows <c>[n, hidden]</c>.</param>
    /// <returns>The sum.</returns>
    public string Append(string name, int expert, string mixed, Func<string, string> make)
    {
        var own = graph.Add("NonZero", $"{name}/NonZero", [graph.Add(
            "Equal", $"{name}/Equal", [places, graph.AddScalarConstant($"{name}.index", expert)])]); // [2, n]
        var ranks = graph.Add("Transpose", $"{name}/places", [own]); // [n, 2]: row, rank
        var taken = graph.Add("Gather", $"{name}/taken", [own, First()]); // [n]
        var share = graph.Add("Unsqueeze", $"{name}/share", [
            graph.Add("GatherND", $"{name}/GatherND", [shares, ranks]), graph.Shared("experts.last", -1)]); // [n, 1]
        var made = make(graph.Add("Gather", $"{name}/input", [rows, taken]));
        return graph.Add(
            "ScatterND",
            $"{name}/ScatterND",
            [
                mixed,
                graph.Add("Unsqueeze", $"{name}/targets", [taken, graph.Shared("experts.last", -1)]),
                graph.Add("Mul", $"{name}/Mul", [made, share]),
            ],
            NodeAttribute.String("reduction", "add"));
    }

    private string First() =>
        graph.Has("experts.first") ? "experts.first" : graph.AddScalarConstant("experts.first", 0);
}
