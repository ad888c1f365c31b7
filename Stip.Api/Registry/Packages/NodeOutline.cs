namespace Stip.Api.Registry.Packages;

/// <summary>What a node of a graph is and reads.</summary>
/// <param name="Domain">Empty for ONNX's own operators.</param>
/// <param name="Type">Operator, or name of a function of the file.</param>
/// <param name="Inputs">Names in their order; empty for one that is left out.</param>
/// <param name="Outputs">The same.</param>
/// <param name="Bodies">Graphs in its attributes.</param>
internal sealed record NodeOutline(
    string Domain,
    string Type,
    IReadOnlyList<string> Inputs,
    IReadOnlyList<string> Outputs,
    IReadOnlyList<GraphOutline> Bodies);
