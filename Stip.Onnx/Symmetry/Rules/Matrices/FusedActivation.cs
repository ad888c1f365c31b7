using System.Globalization;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Matrices;

/// <summary>The activation that a fused operator applies to its result.</summary>
internal static class FusedActivation
{
    private static readonly string[] Factors =
        ["activation_params", "activation_alpha", "activation_beta", "activation_gamma"];

    /// <summary>The tensor itself where the operator has none.</summary>
    public static LabelValue Apply(OperatorCall call, LabelValue value, string attribute = "activation") =>
        KindOf(call, attribute) is { } kind ? Elementwise.Combine(call, kind, [value]) : value;

    /// <summary>What its nodes are, null where the operator has none.</summary>
    public static int? KindOf(OperatorCall call, string attribute = "activation")
    {
        var name = call.Text(attribute, "none").ToLowerInvariant();
        string[] factors = [.. Factors
            .Select(call.Attribute).OfType<AttributeProto>()
            .SelectMany(factor => factor.Floats.DefaultIfEmpty(factor.F))
            .Select(factor => factor.ToString("R", CultureInfo.InvariantCulture))];
        return name is "none" or "" or "identity" ? null
            : call.Store.Kinds.Id(string.Join(' ', ["activation", name, .. factors]));
    }
}
