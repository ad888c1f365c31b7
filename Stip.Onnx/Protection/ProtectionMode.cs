namespace Stip.Onnx.Protection;

/// <summary>How much a package hides.</summary>
public enum ProtectionMode
{
    /// <summary>Every axis that can be permuted is: exact, values keep their bits.</summary>
    Permutation,

    /// <summary>Nothing is hidden: for comparison only, and clients refuse it unless told otherwise.</summary>
    None,
}
