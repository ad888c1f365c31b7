namespace Stip.Onnx.Symmetry.Reports;

/// <summary>Names what the server takes and gives as it is: quantities none of whose features move.</summary>
internal static class ClearPorts
{
    /// <returns>E.g. <c>output 'scores'</c>, inputs first.</returns>
    public static IReadOnlyList<string> Of(SymmetryAnalysis analysis) =>
        [.. analysis.Graph.Parts.Where(part => !part.Part.IsClient).SelectMany(part =>
            part.Inputs.Where(port => IsClear(analysis, port)).Select(port => $"input '{port.Name}'")
                .Concat(part.Outputs.Where(port => IsClear(analysis, port)).Select(port => $"output '{port.Name}'"))).Distinct()];

    private static bool IsClear(SymmetryAnalysis analysis, LabelledPort port) =>
        Array.TrueForAll(port.Nodes, node => analysis.Classes.Size(node) == 1);
}
