using System.Buffers.Binary;
using Google.Protobuf;
using Stip.Keys.Permutations;
using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Protection;

/// <summary>
/// What puts the features in order that a client's graph sends, where the graph itself stays as it is: a Gather at the
/// end of each.
/// </summary>
internal sealed class SentOrder
{
    private const string PlainSuffix = "/plain";
    private const string OrderSuffix = "/order";
    private readonly PortPlan[] _ports;

    /// <param name="part">A graph.</param>
    /// <param name="plan">What moves in it. Of a client's graph that was followed weights move as well.</param>
    public SentOrder(GraphPart part, ProtectionPlan plan)
    {
        var isKept = part.Sends.Count > 0 && plan.Initializers.Count == 0;
        _ports = isKept ? [.. plan.Outputs.Values.Where(port => port.Permutation is not null)] : [];
    }

    /// <summary>How many tensors the graph has besides its own.</summary>
    public int Count => _ports.Length;

    /// <summary>True for a graph that was written with its order at the end.</summary>
    public static bool IsIn(GraphProto graph) => graph.Node.Any(node => node.OpType == "Gather"
        && node.Input[0].EndsWith(PlainSuffix, StringComparison.Ordinal) && node.Input[1] == NameOf(node.Output[0]));

    /// <summary>Adds the Gathers to a graph.</summary>
    public void Append(GraphProto graph)
    {
        var names = _ports.ToDictionary(port => port.Name, port => port.Name + PlainSuffix, StringComparer.Ordinal);
        foreach (var node in graph.Node)
        {
            SentNames.Rename(node, names);
        }

        foreach (var port in _ports)
        {
            graph.Initializer.Add(new TensorProto
            {
                Name = NameOf(port.Name),
                DataType = (int)TensorProto.Types.DataType.Int64,
                Dims = { port.Permutation!.Length },
                RawData = ByteString.CopyFrom(Bytes(port.Permutation)),
            });
            graph.Node.Add(new NodeProto
            {
                Name = NameOf(port.Name),
                OpType = "Gather",
                Input = { names[port.Name], NameOf(port.Name) },
                Output = { port.Name },
                Attribute =
                {
                    new AttributeProto
                    {
                        Name = "axis",
                        Type = AttributeProto.Types.AttributeType.Int,
                        I = port.FeatureAxes.Single(),
                    },
                },
            });
        }
    }

    /// <summary>Whether a tensor holds the order that it should; null where it is none of these.</summary>
    public bool? IsRight(GraphTensor tensor) =>
        Array.Find(_ports, port => NameOf(port.Name) == tensor.Name) is not { } port ? null
            : tensor.ByteLength == port.Permutation!.Length * sizeof(long)
                && tensor.Bytes(0, (int)tensor.ByteLength).SequenceEqual(Bytes(port.Permutation));

    private static string NameOf(string port) => port + OrderSuffix;

    // What stands at a place after the Gather is what the inverse says was there before.
    private static byte[] Bytes(Permutation permutation)
    {
        var bytes = new byte[permutation.Length * sizeof(long)];
        foreach (var (place, source) in permutation.Inverse().Targets.ToArray().Index())
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(place * sizeof(long)), source);
        }

        return bytes;
    }
}
