using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.Positions;

/// <summary>Distances between rows of a text, and what follows from them alone.</summary>
internal static class RowDistances
{
    /// <summary>Node that counts the rows, <c>[seq]</c>.</summary>
    public const string Places = $"{Name}.places";

    private const string Name = "distances";

    /// <summary>The key's position less that of the query, int64 <c>[seq, seq]</c>, made once.</summary>
    public static string Append(ModelGraph model)
    {
        var graph = model.Graph;
        if (graph.Has($"{Name}/output"))
        {
            return $"{Name}/output";
        }

        var length = graph.Add(
            "Shape", $"{Name}.length", [model.Embeds], NodeAttribute.Int("start", 1), NodeAttribute.Int("end", 2));
        var places = graph.Add("Range", Places, [
            graph.AddScalarConstant($"{Name}.zero", 0),
            graph.Add("Squeeze", $"{Name}.count", [length]),
            graph.AddScalarConstant($"{Name}.one", 1)]);
        return Append(graph, places, places);
    }

    /// <summary>The same for positions at hand, <c>[queries, keys]</c>, made once.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="keys">Positions of the keys.</param>
    /// <param name="queries">Positions of the queries.</param>
    public static string Append(GraphBuilder graph, string keys, string queries) =>
        graph.Has($"{Name}/output") ? $"{Name}/output" : graph.Add("Sub", Name, [
            graph.Add("Unsqueeze", $"{Name}.keys", [keys, graph.AddConstant($"{Name}.first", 0)]),
            graph.Add("Unsqueeze", $"{Name}.queries", [queries, graph.AddConstant($"{Name}.last", 1)])]);

    /// <summary>Scores of rows that come later vanish: <c>[1, 1, seq, seq]</c>.</summary>
    public static string AppendCausal(ModelGraph model) =>
        ForAllHeads(model.Graph, "causal", Causal(model, Append(model)));

    /// <summary>The same for distances at hand, of their shape.</summary>
    public static string Causal(ModelGraph model, string distances) => Vanishing(model, "causal", model.Graph.Add(
        "Greater", "causal.is_later", [distances, model.Graph.AddScalarConstant("causal.now", 0)]));

    /// <summary>Scores of rows farther away than <paramref name="farthest"/> vanish: <c>[1, 1, seq, seq]</c>.</summary>
    public static string AppendWindow(ModelGraph model, int farthest)
    {
        var (graph, name) = (model.Graph, $"window.{farthest}");
        if (graph.Has($"{name}/output"))
        {
            return $"{name}/output";
        }

        var away = graph.Add("Abs", $"{name}.away", [Append(model)]);
        var limit = graph.AddScalarConstant($"{name}.farthest", farthest);
        var isFar = graph.Add("Greater", $"{name}.is_far", [away, limit]);
        return ForAllHeads(graph, name, Vanishing(model, name, isFar));
    }

    /// <summary>What makes scores vanish, of the shape of the condition.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="name">Name in the graph.</param>
    /// <param name="isGone">Where it does.</param>
    public static string Vanishing(ModelGraph model, string name, string isGone)
    {
        var (graph, dtype) = (model.Graph, model.Weights.Dtype);
        return graph.Add("Where", $"{name}.bias", [
            isGone,
            graph.AddConstant($"{name}.far", dtype, dtype == TensorDtype.Float16 ? -65504 : float.MinValue),
            graph.AddConstant($"{name}.near", dtype, 0)]);
    }

    private static string ForAllHeads(GraphBuilder graph, string name, string bias) =>
        graph.Add("Unsqueeze", name, [bias, graph.AddConstant($"{name}.axes", 0, 1)]);
}
