using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Matrices;

/// <summary>The activation that a fused operator applies to its result.</summary>
internal static class FusedActivation
{
    /// <summary>The tensor itself where the operator has none.</summary>
    public static LabelValue Apply(OperatorCall call, LabelValue value, string attribute = "activation") =>
        KindOf(call, attribute) is { } kind ? Elementwise.Combine(call, kind, [value]) : value;

    /// <summary>What its nodes are, null where the operator has none.</summary>
    public static int? KindOf(OperatorCall call, string attribute = "activation")
    {
        var name = call.Text(attribute, "none").ToLowerInvariant();
        return name is "none" or "" or "identity" ? null : call.Store.Kinds.Id($"activation {name}");
    }
}
