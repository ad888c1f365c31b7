namespace Stip.Protocol.Tensors;

/// <summary>One tensor of a safetensors header.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Dtype">Element type.</param>
/// <param name="Shape">Lengths of its axes; empty for a scalar.</param>
/// <param name="Offset">First byte, counted from the end of the header.</param>
/// <param name="ByteLength">Bytes of the whole tensor: the product of the shape times the element size.</param>
public sealed record SafetensorsEntry(
    string Name, TensorDtype Dtype, IReadOnlyList<long> Shape, long Offset, long ByteLength);
