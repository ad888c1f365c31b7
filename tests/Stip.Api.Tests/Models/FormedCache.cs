using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Models;

/// <summary>Brings the caches of a layer from the form that a graph takes them in to
/// <c>[batch, heads, length, dim]</c>, and back.</summary>
internal sealed class FormedCache(GraphBuilder graph, CacheForm form, int heads, int headDim)
{
    public (string Key, string Value) Take(int layer)
    {
        if (form != CacheForm.Stacked)
        {
            return (Take(layer, "key"), Take(layer, "value"));
        }

        var both = graph.AddInput(
            $"memory.{layer}", TensorDtype.Float32, 2, "batch", heads, "past", headDim);
        return (Part(0), Part(1));

        string Part(int index) => graph.Add(
            "Gather", $"{layer}.past.{index}", [both, graph.AddScalarConstant($"{layer}.index.{index}", index)],
            NodeAttribute.Int("axis", 0));
    }

    /// <summary>Names that attention is to give its caches.</summary>
    public (string Key, string Value) Given(int layer) => form == CacheForm.Named
        ? ($"present.{layer}.key", $"present.{layer}.value")
        : form == CacheForm.Renamed ? ($"kept.{layer}.key", $"kept.{layer}.value")
        : ($"{layer}.new.key", $"{layer}.new.value");

    public void Give(int layer)
    {
        var (key, value) = Given(layer);
        if (form != CacheForm.Stacked)
        {
            Give(key, form == CacheForm.Named ? key : $"kept.{layer}.key");
            Give(value, form == CacheForm.Named ? value : $"kept.{layer}.value");
            return;
        }

        var zero = graph.AddConstant($"{layer}.stack", 0);
        var parts = new[] { key, value }.Select(part => graph.Add("Unsqueeze", $"{part}.one", [part, zero])).ToArray();
        graph.Append("", "Concat", $"{layer}.both", parts, [$"kept.{layer}"], NodeAttribute.Int("axis", 0));
        graph.AddOutput($"kept.{layer}", TensorDtype.Float32, 2, "batch", heads, "total", headDim);
    }

    private string Take(int layer, string part)
    {
        var name = form == CacheForm.Named ? $"past_key_values.{layer}.{part}" : $"memory.{layer}.{part}";
        switch (form)
        {
            case CacheForm.Turned:
                graph.AddInput(name, TensorDtype.Float32, "batch", "past", heads, headDim);
                return graph.Add("Transpose", $"{name}.turned", [name], NodeAttribute.Ints("perm", 0, 2, 1, 3));
            case CacheForm.Alone:
                graph.AddInput(name, TensorDtype.Float32, heads, "past", headDim);
                return graph.Add("Unsqueeze", $"{name}.one", [name, graph.AddConstant($"{name}.axis", 0)]);
            default:
                return graph.AddInput(name, TensorDtype.Float32, "batch", heads, "past", headDim);
        }
    }

    private void Give(string from, string name)
    {
        switch (form)
        {
            case CacheForm.Turned:
                graph.Append(
                    "", "Transpose", $"{name}.back", [from], [name], NodeAttribute.Ints("perm", 0, 2, 1, 3));
                graph.AddOutput(name, TensorDtype.Float32, "batch", "total", heads, headDim);
                break;
            case CacheForm.Alone:
                graph.Append("", "Squeeze", $"{name}.back", [from, graph.AddConstant($"{name}.axis", 0)], [name]);
                graph.AddOutput(name, TensorDtype.Float32, heads, "total", headDim);
                break;
            default:
                graph.AddOutput(name, TensorDtype.Float32, "batch", heads, "total", headDim);
                break;
        }
    }
}
