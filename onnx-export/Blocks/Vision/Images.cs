using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.Vision;

/// <summary>Images <c>[batch, channels, height, width]</c> and rows <c>[batch, height · width, channels]</c> of
/// them.</summary>
internal static class Images
{
    /// <summary>Height and width of an image, int64 <c>[2]</c>.</summary>
    public static string Sides(GraphBuilder graph, string name, string image)
    {
        // Where a graph is cut there, it must know how many numbers it is given.
        graph.AddShape($"{name}/output", TensorDtype.Int64, 2);
        return graph.Add("Shape", name, [image], NodeAttribute.Int("start", 2), NodeAttribute.Int("end", 4));
    }

    /// <summary>An image as rows.</summary>
    public static string Rows(GraphBuilder graph, string name, string image, int channels) => graph.Add(
        "Transpose",
        name,
        [graph.Add("Reshape", $"{name}.flat", [image, graph.Shared($"flat.{channels}", 0, channels, -1)])],
        NodeAttribute.Ints("perm", 0, 2, 1));

    /// <summary>Rows as an image.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="name">Name in the graph.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="channels">Channels of a row.</param>
    /// <param name="sides">Name of height and width.</param>
    public static string OfRows(GraphBuilder graph, string name, string rows, int channels, string sides)
    {
        var turned = graph.Add("Transpose", $"{name}.turned", [rows], NodeAttribute.Ints("perm", 0, 2, 1));
        var shape = graph.Add(
            "Concat", $"{name}.shape", [graph.Shared($"image.{channels}", 0, channels), sides],
            NodeAttribute.Int("axis", 0));
        return graph.Add("Reshape", name, [turned, shape]);
    }

    /// <summary>An image of other sides, between whose pixels is drawn straight or by cubic curves.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="name">Name in the graph.</param>
    /// <param name="image">The image.</param>
    /// <param name="sides">Name of height and width.</param>
    /// <param name="joinsCorners">True where corners stay in their places, false where middles of pixels are what is
    /// spread.</param>
    /// <param name="isCubic">True for curves.</param>
    public static string Resized(
        GraphBuilder graph,
        string name,
        string image,
        string sides,
        bool joinsCorners = false,
        bool isCubic = false)
    {
        var shape = graph.Add(
            "Concat",
            $"{name}.shape",
            [
                graph.Add(
                    "Shape", $"{name}.channels", [image], NodeAttribute.Int("start", 0), NodeAttribute.Int("end", 2)),
                sides,
            ],
            NodeAttribute.Int("axis", 0));
        return graph.Add(
            "Resize",
            name,
            [image, "", "", shape],
            NodeAttribute.String("mode", isCubic ? "cubic" : "linear"),
            NodeAttribute.String(
                "coordinate_transformation_mode", joinsCorners ? "align_corners" : "pytorch_half_pixel"));
    }
}
