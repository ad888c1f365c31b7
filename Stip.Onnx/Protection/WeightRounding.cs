namespace Stip.Onnx.Protection;

/// <summary>Whether, and how far, matrices are rounded once they are permuted.</summary>
public enum WeightRounding
{
    /// <summary>Values stay as they are.</summary>
    None,

    /// <summary>4 bits and a scale for every block of 32 inputs.</summary>
    Int4,

    /// <summary>8 bits and a scale for every block of 32 inputs.</summary>
    Int8,
}
