using Stip.Onnx.Model;

namespace Stip.Onnx.Execution;

/// <summary>Which caches of a decoder keep no more than a window of tokens.</summary>
internal static class BoundedCaches
{
    /// <summary>The attribute that bounds a cache.</summary>
    public const string Attribute = "sliding_window_cache";

    private const int PastKey = 3;

    /// <summary>By input: the window.</summary>
    /// <param name="path">The ONNX file.</param>
    public static IReadOnlyDictionary<string, int> Read(string path)
    {
        using var file = ModelFile.Load(path);
        return Of(file.Model.Graph);
    }

    /// <summary>By input: the window.</summary>
    public static IReadOnlyDictionary<string, int> Of(GraphProto graph)
    {
        var windows = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var node in graph.Node.Where(node => node.OpType == "GroupQueryAttention"))
        {
            if (Number(node, Attribute) != 0 && Number(node, "local_window_size") is > 0 and var window)
            {
                foreach (var past in node.Input.Skip(PastKey).Take(2))
                {
                    windows[past] = window;
                }
            }
        }

        return windows;
    }

    private static int Number(NodeProto node, string name) =>
        (int)(node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.I ?? 0);
}
