namespace Stip.Onnx.Symmetry.Nodes;

/// <summary>A graph treats so many positions apart that running it on labels would take minutes and fill the
/// memory.</summary>
internal sealed class TooManyNodesException() : Exception("a run on labels has more nodes than are followed");
