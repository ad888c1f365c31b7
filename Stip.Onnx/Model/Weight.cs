using Stip.Protocol.Tensors;

namespace Stip.Onnx.Model;

/// <summary>A weight that is to be written: what it is, and what writes its bytes piece by piece.</summary>
/// <param name="Dtype">Element type.</param>
/// <param name="Shape">Lengths of its axes.</param>
/// <param name="WriteTo">Writes exactly the bytes that dtype and shape ask for, in bounded memory.</param>
internal sealed record Weight(TensorDtype Dtype, IReadOnlyList<long> Shape, Action<Stream> WriteTo)
{
    public long ByteLength { get; } = Shape.Aggregate((long)Dtype.ByteSize(), (product, n) => checked(product * n));

    /// <summary>A weight given as float32 values in memory, stored as <paramref name="dtype"/>.</summary>
    public static Weight FromFloats(TensorDtype dtype, IReadOnlyList<long> shape, float[] values) => new(
        dtype,
        shape,
        stream =>
        {
            var bytes = new byte[(long)values.Length * dtype.ByteSize()];
            TensorConversion.FromFloat32(values, dtype, bytes);
            stream.Write(bytes);
        });
}
