using Stip.Onnx;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.FeedForward;

/// <summary>Activation functions by the names that configurations give them.</summary>
internal static class Activation
{
    private static readonly string[] Names =
        ["silu", "swish", "gelu", "gelu_python", "gelu_new", "gelu_fast", "gelu_accurate", "gelu_pytorch_tanh",
         "gelu_python_tanh", "quick_gelu", "relu", "relu2", "relu_squared", "tanh"];

    // x·sigmoid(1.702·x): the approximation that "quick" names.
    private const double QuickGeluAlpha = 1.702;

    /// <summary>Appends a function.</summary>
    /// <exception cref="RefusedException">There is no such function.</exception>
    public static string Append(GraphBuilder graph, string function, string name, string input) => function switch
    {
        "silu" or "swish" => graph.Add(
            "Mul", $"{name}/Mul", [input, graph.Add("Sigmoid", $"{name}/Sigmoid", [input])]),
        "gelu" or "gelu_python" => graph.Add("Gelu", $"{name}/Gelu", [input]),
        "gelu_new" or "gelu_fast" or "gelu_pytorch_tanh" or "gelu_accurate" or "gelu_python_tanh" => graph.Add(
            "Gelu", $"{name}/Gelu", [input], NodeAttribute.String("approximate", "tanh")),
        "quick_gelu" => graph.AddMicrosoft(
            "QuickGelu",
            $"{name}/QuickGelu",
            [input],
            [$"{name}/output"],
            NodeAttribute.Float("alpha", QuickGeluAlpha))[0],
        "relu" => graph.Add("Relu", $"{name}/Relu", [input]),
        "relu2" or "relu_squared" => Squared(graph, name, graph.Add("Relu", $"{name}/Relu", [input])),
        "tanh" => graph.Add("Tanh", $"{name}/Tanh", [input]),
        _ => throw new RefusedException(
            $"config.json: activation '{function}' is not supported; there are {string.Join(", ", Names)}"),
    };

    private static string Squared(GraphBuilder graph, string name, string value) =>
        graph.Add("Mul", $"{name}/Mul", [value, value]);
}
