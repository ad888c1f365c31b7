using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Operators of ONNX Runtime that hold a whole model and choose tokens with it: what runs them reads every
/// token, so no cut makes two parts of them.</summary>
internal static class GeneratingOperators
{
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "BeamSearch", "WhisperBeamSearch", "GreedySearch", "Sampling",
    };

    /// <exception cref="RefusedException">The graph has such an operator.</exception>
    public static void Refuse(GraphProto graph)
    {
        if (graph.Node.FirstOrDefault(node => node.Domain == "com.microsoft" && Names.Contains(node.OpType))
            is { } found)
        {
            throw new RefusedException(
                $"node '{found.Name}' ({found.OpType}) generates text inside the graph: whoever runs it reads every "
                + "token; give the graph of the model that it holds, and the client generates");
        }
    }
}
