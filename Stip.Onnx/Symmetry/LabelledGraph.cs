using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// What running a graph on labels gives: its expression graph, and where weights, inputs and outputs stand in it.
/// </summary>
/// <param name="Store">All nodes.</param>
/// <param name="Weights">Initialisers that hold weights.</param>
/// <param name="Inputs">Float inputs.</param>
/// <param name="Outputs">Float outputs.</param>
/// <param name="Unruled">Operators that pin what they touch, with the reason.</param>
internal sealed record LabelledGraph(
    NodeStore Store,
    IReadOnlyList<WeightNodes> Weights,
    IReadOnlyList<LabelledPort> Inputs,
    IReadOnlyList<LabelledPort> Outputs,
    IReadOnlyList<string> Unruled);
