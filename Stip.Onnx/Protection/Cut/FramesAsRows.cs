using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Moments of a sound as rows. A convolution gives its features on the axis before them, and what an encoder
/// of a pair is sent is rows: the client turns them, and the server's graph turns them back.</summary>
internal static class FramesAsRows
{
    private const string Suffix = ".frames";
    private const string Transpose = "Transpose";

    private static readonly int[] Turned = [0, 2, 1]; // [batch, features, frames] and back

    /// <summary>The same cut; as it was where no convolution over a sound is the client's last operator.</summary>
    public static ClientCut Of(ClientCut cut)
    {
        Describe(cut);
        if (cut is not { Client: { } client, Features: [var name] }
            || client.Node.FirstOrDefault(node => node.Output.Contains(name)) is not { OpType: "Conv" } maker
            || cut.Cloud.Input.FirstOrDefault(input => input.Name == name) is not
            { Type.TensorType.Shape.Dim.Count: 3 } port
            || cut.Cloud.Node.Any(node => OuterReads.Of(node).Contains(name) && !node.Input.Contains(name)))
        {
            return cut;
        }

        var frames = name + Suffix;
        return cut with
        {
            Client = Graph(client, port, frames, Turn($"{maker.Name}/{Transpose}", frames, name)),
            Cloud = Graph(cut.Cloud, port, frames, Turn($"{frames}/{Transpose}", name, frames)),
        };
    }

    // What comes of several convolutions is as many rows as there are places, which are added last.
    private static void Describe(ClientCut cut)
    {
        if (cut is not { Client: { } client, Features: [var name] }
            || client.Node.FirstOrDefault(node => node.Output.Contains(name)) is not { OpType: "Add" } maker
            || client.Node.All(node => node.OpType != "Conv")
            || client.Initializer.FirstOrDefault(tensor => maker.Input.Contains(tensor.Name)) is not
            { Dims.Count: 2 or 3 } places)
        {
            return;
        }

        foreach (var port in client.Output.Concat(cut.Cloud.Input).Where(port => port.Name == name
            && port.Type.TensorType.Shape is null or { Dim.Count: 0 }))
        {
            var shape = new TensorShapeProto();
            shape.Dim.Add(client.Input[0].Type.TensorType.Shape.Dim[0].Clone());
            shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = places.Dims[^2] });
            shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = places.Dims[^1] });
            port.Type.TensorType.Shape = shape;
        }
    }

    // Tensors stay the ones they are, by which their bytes are found.
    private static GraphProto Graph(GraphProto graph, ValueInfoProto port, string frames, NodeProto turn)
    {
        var turned = new GraphProto { Name = graph.Name };
        NodeProto[] nodes = [.. graph.Node.Select(node => Renamed(node, port.Name, frames))];
        turned.Node.Add(turn.Output[0] == frames ? [turn, .. nodes] : [.. nodes, turn]);
        turned.Initializer.Add(graph.Initializer);
        turned.Input.Add(graph.Input.Select(input => input.Name == port.Name ? Rows(port) : input));
        turned.Output.Add(graph.Output.Select(output => output.Name == port.Name ? Rows(port) : output));
        turned.ValueInfo.Add(graph.ValueInfo);
        turned.ValueInfo.Add(Named(port, frames));
        return turned;
    }

    private static NodeProto Renamed(NodeProto node, string from, string to)
    {
        if (!node.Input.Contains(from) && !node.Output.Contains(from))
        {
            return node;
        }

        var renamed = new NodeProto { Name = node.Name, OpType = node.OpType, Domain = node.Domain };
        renamed.Input.Add(node.Input.Select(name => name == from ? to : name));
        renamed.Output.Add(node.Output.Select(name => name == from ? to : name));
        renamed.Attribute.Add(node.Attribute);
        return renamed;
    }

    private static NodeProto Turn(string name, string from, string to)
    {
        var node = new NodeProto { Name = name, OpType = Transpose, Input = { from }, Output = { to } };
        var order = new AttributeProto { Name = "perm", Type = AttributeProto.Types.AttributeType.Ints };
        order.Ints.Add(Turned.Select(axis => (long)axis));
        node.Attribute.Add(order);
        return node;
    }

    private static ValueInfoProto Rows(ValueInfoProto port)
    {
        var rows = port.Clone();
        var axes = rows.Type.TensorType.Shape.Dim;
        (axes[1], axes[2]) = (axes[2], axes[1]);
        return rows;
    }

    private static ValueInfoProto Named(ValueInfoProto port, string name)
    {
        var named = port.Clone();
        named.Name = name;
        return named;
    }
}
