using System.Buffers.Binary;
using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints.Gguf.Blocks;

/// <summary>Elements that stand on their own.</summary>
internal static class PlainBlocks
{
    public static void Float32(ReadOnlySpan<byte> block, Span<float> values) =>
        TensorConversion.ToFloat32(TensorDtype.Float32, block, values);

    public static void Float16(ReadOnlySpan<byte> block, Span<float> values) =>
        TensorConversion.ToFloat32(TensorDtype.Float16, block, values);

    public static void BFloat16(ReadOnlySpan<byte> block, Span<float> values) =>
        TensorConversion.ToFloat32(TensorDtype.BFloat16, block, values);

    /// <summary>The half-precision number at the start of some bytes.</summary>
    public static float Half(ReadOnlySpan<byte> bytes) => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
}
