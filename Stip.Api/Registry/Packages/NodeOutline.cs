namespace Stip.Api.Registry.Packages;

/// <summary>What a node of a graph is and reads.</summary>
/// <param name="Domain">Empty for ONNX's own operators.</param>
/// <param name="Type">Operator, or name of a function of the file.</param>
/// <param name="Inputs">Names in their order; empty for one that is left out.</param>
/// <param name="Outputs">The same.</param>
/// <param name="Attributes">Those that are read.</param>
internal sealed record NodeOutline(
    string Domain,
    string Type,
    IReadOnlyList<string> Inputs,
    IReadOnlyList<string> Outputs,
    IReadOnlyList<AttributeOutline> Attributes)
{
    /// <summary>Graphs in its attributes.</summary>
    public IReadOnlyList<GraphOutline> Bodies { get; } = [.. Attributes.SelectMany(attribute => attribute.Bodies)];

    /// <summary>The integer of an attribute; 0 where there is none of the name.</summary>
    public ulong Integer(string name) =>
        Attributes.LastOrDefault(attribute => attribute.Name == name)?.Integer ?? 0;
}
