namespace Stip.Onnx.Symmetry.Reports;

/// <summary>Names what the server takes and gives as it is: quantities none of whose features move.</summary>
internal static class ClearPorts
{
    /// <returns>E.g. <c>output 'scores'</c>, inputs first.</returns>
    public static IReadOnlyList<string> Of(SymmetryAnalysis analysis) =>
        [.. analysis.Graph.Parts.Where(part => !part.Part.IsClient).SelectMany(part =>
            Names(analysis, "input", part.Inputs).Concat(Names(analysis, "output", part.Outputs))).Distinct()];

    private static IEnumerable<string> Names(
        SymmetryAnalysis analysis, string kind, IEnumerable<LabelledPort> ports) =>
        ports.Where(port => IsClear(analysis, port)).Select(port => $"{kind} '{port.Name}'");

    private static bool IsClear(SymmetryAnalysis analysis, LabelledPort port) =>
        Array.TrueForAll(port.Nodes, node => analysis.Classes.Size(node) == 1);
}
