namespace Stip.Onnx.Protection.Blocks;

/// <summary>Nodes of a graph that are run together, between two narrow places.</summary>
/// <param name="Number">Which one, from 1.</param>
/// <param name="Inputs">Values that it takes: inputs of the graph, and what blocks before it made.</param>
/// <param name="Carried">Values that it makes for blocks after it.</param>
/// <param name="Outputs">Outputs of the graph that it makes.</param>
/// <param name="Place">Its first and its last node.</param>
internal sealed record GraphBlock(
    int Number,
    IReadOnlyList<string> Inputs,
    IReadOnlyList<string> Carried,
    IReadOnlyList<string> Outputs,
    string Place);
