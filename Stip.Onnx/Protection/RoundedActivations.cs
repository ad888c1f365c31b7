using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Protection;

/// <summary>
/// Tells graphs that round numbers to 8 bits while they run: a sum that differs in its last bit may be rounded to the
/// next of 255 steps. Accuracy level 4 of MatMulNBits rounds block by block of the order that activations stand in.
/// </summary>
internal static class RoundedActivations
{
    private static readonly string[] Words = ["QuantizeLinear", "DynamicQuantize", "QLinear", "QAttention", "QGemm"];

    /// <summary>True where a graph does, one inside of it (branches of a merged decoder), or a function.</summary>
    public static bool AreIn(ModelProto model) => In(model).Any();

    /// <summary>The nodes that do, and the graph that each stands in.</summary>
    public static IEnumerable<(GraphProto Body, NodeProto Node)> In(ModelProto model)
    {
        var around = new Constants(model.Graph);
        return ModelBodies.Of(model).SelectMany(body =>
        {
            var constants = ReferenceEquals(body, model.Graph) ? around : around.Inside(body);
            return body.Node.Where(node => IsRounding(node, constants)).Select(node => (body, node));
        });
    }

    private static bool IsRounding(NodeProto node, Constants constants) =>
        node.Attribute.Any(attribute => attribute is { Name: "accuracy_level", I: 4 }) || HasRoundedExperts(node)
        || (Words.Any(word => node.OpType.StartsWith(word, StringComparison.Ordinal))
            && node.Input.Count > 0 && !constants.Has(node.Input[0]));

    // Of experts of 8 bits in blocks the runtime has no other kernel on a CPU.
    private static bool HasRoundedExperts(NodeProto node) => node.OpType == "QMoE"
        && node.Attribute.Any(attribute => attribute is { Name: "block_size", I: > 0 })
        && node.Attribute.Any(attribute => attribute.I == 8
            && attribute.Name.EndsWith("expert_weight_bits", StringComparison.Ordinal));
}
