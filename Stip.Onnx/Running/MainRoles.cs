using Stip.Onnx.Packages;

namespace Stip.Onnx.Running;

/// <summary>Which graph of a model gives its answer.</summary>
internal static class MainRoles
{
    /// <summary>The only graph, or the one that others feed.</summary>
    public static string Of(IEnumerable<string> roles) => roles.OrderBy(role => role switch
    {
        GraphRoles.Decoder => 0,
        GraphRoles.Encoder => 1,
        _ => 2,
    }).First();
}
