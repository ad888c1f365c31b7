using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Protection.Rounding;

/// <summary>The matrices of a graph that can be rounded: weights <c>[in, out]</c> on the right of MatMul nodes and read
/// nowhere else, of at least one block of inputs; and those of experts (<see cref="RoundableExperts"/>).</summary>
internal static class RoundableMatrices
{
    /// <summary>End of the name of the scales that go with a rounded matrix.</summary>
    public const string ScalesSuffix = ".scales";

    /// <summary>Their names.</summary>
    public static HashSet<string> Of(GraphProto graph, IEnumerable<GraphTensor> tensors)
    {
        var inputs = graph.Input.Select(input => input.Name).ToHashSet(StringComparer.Ordinal);
        var initial = graph.Initializer.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        var own = tensors.Where(tensor => initial.Contains(tensor.Name) && !inputs.Contains(tensor.Name)).ToList();
        var right = Named(own.Where(Fits));
        var experts = Named(own.Where(RoundableExperts.Fits));
        var fitting = right.Union(experts).ToHashSet(StringComparer.Ordinal);
        foreach (var node in graph.Node)
        {
            for (var i = 0; i < node.Input.Count; i++)
            {
                var isRoundable = IsProduct(node) ? i == 1 && right.Contains(node.Input[i])
                    : RoundableExperts.IsPlain(node) && RoundableExperts.Matrices.Contains(i)
                    && experts.Contains(node.Input[i]);
                if (!isRoundable)
                {
                    fitting.Remove(node.Input[i]);
                }
            }

            // What branches read stays as it is, however deep they are.
            fitting.ExceptWith(NodeReads.Of(node).Skip(node.Input.Count(name => name.Length > 0)));
        }

        fitting.ExceptWith(graph.Output.Select(output => output.Name));
        RoundableExperts.KeepWhole(graph.Node, fitting);
        return fitting;
    }

    /// <summary>True for a product of two matrices.</summary>
    public static bool IsProduct(NodeProto node) => node is { OpType: "MatMul", Domain: "" or "ai.onnx" };

    private static HashSet<string> Named(IEnumerable<GraphTensor> tensors) =>
        tensors.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);

    private static bool Fits(GraphTensor tensor) => tensor.Shape.Length == 2
        && tensor.Type is DataType.Float or DataType.Float16
        && tensor.Shape[0] >= BlockRounding.BlockLength;
}
