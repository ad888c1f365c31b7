namespace Stip.Protocol.Tensors;

/// <summary>A tensor of a request or an answer: base64 inside JSON, raw bytes inside safetensors.</summary>
/// <param name="Dtype"><c>float32</c>, <c>float16</c>, <c>bfloat16</c>; for <c>forward</c> integers too.</param>
/// <param name="Shape">Lengths of its axes.</param>
/// <param name="Data">The little-endian bytes, row-major; a base64 string in JSON.</param>
public sealed record TensorPayload(string Dtype, IReadOnlyList<long> Shape, ReadOnlyMemory<byte> Data);
