using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks;

/// <summary>Distances between rows of a text, and what follows from them alone.</summary>
internal static class RowDistances
{
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
        var places = graph.Add("Range", $"{Name}.places", [
            graph.AddScalarConstant($"{Name}.zero", 0),
            graph.Add("Squeeze", $"{Name}.count", [length]),
            graph.AddScalarConstant($"{Name}.one", 1)]);
        var keys = graph.Add("Unsqueeze", $"{Name}.keys", [places, graph.AddConstant($"{Name}.first", 0)]);
        var queries = graph.Add("Unsqueeze", $"{Name}.queries", [places, graph.AddConstant($"{Name}.last", 1)]);
        return graph.Add("Sub", Name, [keys, queries]);
    }

    /// <summary>Scores of rows that come later vanish: <c>[1, 1, seq, seq]</c>.</summary>
    public static string AppendCausal(ModelGraph model)
    {
        var graph = model.Graph;
        var isLater = graph.Add(
            "Greater", "causal.is_later", [Append(model), graph.AddScalarConstant("causal.now", 0)]);
        return Vanishing(model, "causal", isLater);
    }

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
        return Vanishing(model, name, isFar);
    }

    private static string Vanishing(ModelGraph model, string name, string isGone)
    {
        var (graph, dtype) = (model.Graph, model.Weights.Dtype);
        var bias = graph.Add("Where", $"{name}.bias", [
            isGone,
            graph.AddConstant($"{name}.far", dtype, dtype == TensorDtype.Float16 ? -65504 : float.MinValue),
            graph.AddConstant($"{name}.near", dtype, 0)]);
        return graph.Add("Unsqueeze", name, [bias, graph.AddConstant($"{name}.axes", 0, 1)]);
    }
}
