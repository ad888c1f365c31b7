using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// What running the graphs of a model on labels gives: one expression graph, and where weights, inputs and outputs
/// stand in it.
/// </summary>
/// <param name="Store">All nodes.</param>
/// <param name="Parts">In the order in which they ran: what feeds before what is fed.</param>
/// <param name="Unruled">Operators that pin what they touch, with the reason.</param>
internal sealed record LabelledGraph(
    NodeStore Store, IReadOnlyList<LabelledPart> Parts, IReadOnlyList<string> Unruled)
{
    /// <summary>Weights that nothing reads at the sizes of the run, though the graph has a use for them.</summary>
    public int Missed { get; init; }

    /// <summary>Initialisers that hold weights, of all parts.</summary>
    public IReadOnlyList<WeightNodes> Weights { get; } = [.. Parts.SelectMany(part => part.Weights)];

    /// <summary>Float inputs of all parts.</summary>
    public IReadOnlyList<LabelledPort> Inputs { get; } = [.. Parts.SelectMany(part => part.Inputs)];

    /// <summary>Float outputs of all parts.</summary>
    public IReadOnlyList<LabelledPort> Outputs { get; } = [.. Parts.SelectMany(part => part.Outputs)];
}
