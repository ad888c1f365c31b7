using Google.Protobuf;
using Stip.Onnx.Model;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Protection.Rounding;

/// <summary>
/// Experts that ONNX Runtime's operator for rounded ones (QMoE) computes exactly as it computes plain ones: gates and
/// what they gate row by row in turns, shares by a softmax over the chosen, widths of whole blocks, float32. In float16
/// they would be meant for CUDA, whose kernel wants another layout of the same numbers.
/// </summary>
internal static class RoundableExperts
{
    /// <summary>Name of the operator of plain experts.</summary>
    public const string Plain = "MoE";

    /// <summary>Name of the operator of rounded ones.</summary>
    public const string Rounded = "QMoE";

    /// <summary>Inputs of the plain operator that are matrices: of gates and what they gate, and of the way
    /// back.</summary>
    public static IReadOnlyList<int> Matrices { get; } = [2, 4];

    // Of models whose gates are a third weight.
    private const int Third = 6;

    /// <summary>True for plain experts.</summary>
    public static bool IsPlain(NodeProto node) => node is { OpType: Plain, Domain: GraphBuilder.MicrosoftDomain };

    /// <summary>True where rounded experts can stand for this node.</summary>
    public static bool CanBe(NodeProto node) => IsPlain(node)
        && Text(node, "activation_type") == "swiglu" && Integer(node, "swiglu_fusion") == 1
        && Integer(node, "normalize_routing_weights") == 1 && Integer(node, "use_sparse_mixer") == 0
        && node.Input.Skip(Third).All(name => name.Length == 0);

    /// <summary>True for matrices <c>[experts, out, in]</c> of whole blocks.</summary>
    public static bool Fits(GraphTensor tensor) => tensor.Shape.Length == 3 && tensor.Type is DataType.Float
        && tensor.Shape[2] % BlockRounding.BlockLength == 0;

    /// <summary>Takes away the matrices of nodes that cannot have all of theirs rounded.</summary>
    /// <param name="nodes">Nodes of the graph.</param>
    /// <param name="fitting">Names of weights, each of which could be rounded on its own.</param>
    public static void KeepWhole(IReadOnlyCollection<NodeProto> nodes, HashSet<string> fitting)
    {
        // Nodes may share matrices: what one cannot have rounded, the other cannot.
        int before;
        do
        {
            before = fitting.Count;
            foreach (var node in nodes.Where(IsPlain))
            {
                if (!CanBe(node) || Matrices.Any(place => !fitting.Contains(node.Input[place])))
                {
                    fitting.ExceptWith(node.Input);
                }
            }
        }
        while (fitting.Count < before);
    }

    /// <summary>Makes a node of plain experts one of rounded experts.</summary>
    /// <param name="node">The node.</param>
    /// <param name="bits">Bits of a number.</param>
    public static void Replace(NodeProto node, int bits)
    {
        string[] inputs = [.. node.Input];
        node.OpType = Rounded;
        node.Input.Clear();
        node.Input.Add([inputs[0], inputs[1]]);
        foreach (var place in Matrices)
        {
            // Matrix, scales, bias.
            node.Input.Add([
                inputs[place],
                inputs[place] + RoundableMatrices.ScalesSuffix,
                inputs.ElementAtOrDefault(place + 1) ?? "",
            ]);
        }

        node.Attribute.Add(NodeAttribute.Int("expert_weight_bits", bits));
        if (bits == 4)
        {
            node.Attribute.Add(NodeAttribute.Int("block_size", BlockRounding.BlockLength));
        }
    }

    private static long Integer(NodeProto node, string name) =>
        node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.I ?? 0;

    private static string Text(NodeProto node, string name) =>
        (node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.S ?? ByteString.Empty).ToStringUtf8();
}
