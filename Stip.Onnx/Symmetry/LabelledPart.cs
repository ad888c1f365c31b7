using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>Where the weights, inputs and outputs of one graph stand in the expression graph.</summary>
/// <param name="Part">The graph.</param>
/// <param name="Weights">Initialisers that hold weights.</param>
/// <param name="Inputs">Float inputs.</param>
/// <param name="Outputs">Float outputs.</param>
internal sealed record LabelledPart(
    GraphPart Part,
    IReadOnlyList<WeightNodes> Weights,
    IReadOnlyList<LabelledPort> Inputs,
    IReadOnlyList<LabelledPort> Outputs);
