using Stip.Onnx.Execution;

namespace Stip.Onnx.Protection.Blocks;

/// <summary>One pass through a graph of the server on both sides: inputs at first, then what blocks made of
/// them.</summary>
/// <param name="Plain">Values of the plain graph by name.</param>
/// <param name="Moved">Those of the protected graph.</param>
internal sealed record PassPair(Dictionary<string, HostTensor> Plain, Dictionary<string, HostTensor> Moved);
