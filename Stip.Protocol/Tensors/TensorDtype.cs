namespace Stip.Protocol.Tensors;

/// <summary>Element type of a tensor on the wire or in a safetensors file. All are little-endian.</summary>
public enum TensorDtype
{
    /// <summary>IEEE binary32, 4 bytes.</summary>
    Float32,

    /// <summary>IEEE binary16, 2 bytes.</summary>
    Float16,

    /// <summary>The upper half of a binary32, 2 bytes.</summary>
    BFloat16,

    /// <summary>IEEE binary64, 8 bytes.</summary>
    Float64,

    /// <summary>Signed 64-bit integer.</summary>
    Int64,

    /// <summary>Signed 32-bit integer.</summary>
    Int32,

    /// <summary>Signed 16-bit integer.</summary>
    Int16,

    /// <summary>Signed 8-bit integer.</summary>
    Int8,

    /// <summary>Unsigned 8-bit integer.</summary>
    UInt8,

    /// <summary>One byte, 0 or 1.</summary>
    Bool,

    /// <summary>8 bits, 4 of them exponent, no infinities (OCP E4M3). In checkpoints only, never on the wire.</summary>
    Float8E4M3,

    /// <summary>8 bits, 5 of them exponent (OCP E5M2). In checkpoints only, never on the wire.</summary>
    Float8E5M2,
}
