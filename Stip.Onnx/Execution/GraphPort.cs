using Stip.Protocol.Tensors;

namespace Stip.Onnx.Execution;

/// <summary>An input or output of a loaded graph.</summary>
/// <param name="Name">Name in the graph.</param>
/// <param name="Dtype">Element type.</param>
/// <param name="Shape">Lengths of its axes, -1 where the length is free.</param>
public sealed record GraphPort(string Name, TensorDtype Dtype, IReadOnlyList<long> Shape);
