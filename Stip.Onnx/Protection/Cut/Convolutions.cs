using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Operators that slide a kernel over a picture or a sound.</summary>
internal static class Convolutions
{
    /// <summary>The name of a node's kernel <c>[features, …]</c>, null for other operators.</summary>
    public static string? KernelOf(NodeProto node) => node.OpType switch
    {
        "Conv" or "FusedConv" or "NhwcFusedConv" or "ConvInteger" or "DeformConv" when node.Input.Count > 1 =>
            node.Input[1],
        "QLinearConv" when node.Input.Count > 3 => node.Input[3],
        _ => null,
    };

    /// <summary>True for an operator of the runtime's blocked layout, in which features have no axis of their own.
    /// </summary>
    public static bool IsBlocked(NodeProto node) => node.Domain == "com.microsoft.nchwc";
}
