namespace Stip.Protocol.Tensors;

/// <summary>A tensor inside JSON.</summary>
/// <param name="Dtype"><c>float32</c>, <c>float16</c>, <c>bfloat16</c> and, in <c>forward</c>, the integer types.</param>
/// <param name="Shape">Lengths of its axes.</param>
/// <param name="Data">Base64 of the little-endian bytes, row-major.</param>
public sealed record TensorPayload(string Dtype, IReadOnlyList<long> Shape, string Data);
