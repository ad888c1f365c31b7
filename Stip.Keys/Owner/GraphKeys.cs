namespace Stip.Keys.Owner;

/// <summary>Everything that was permuted in one graph.</summary>
/// <param name="Role">Role of the graph in the package, e.g. <c>decoder</c>.</param>
/// <param name="Initializers">By initialiser; those that stayed as they were are left out.</param>
/// <param name="Inputs">Inputs that hold features.</param>
/// <param name="Outputs">Outputs that hold features.</param>
public sealed record GraphKeys(
    string Role,
    IReadOnlyList<AxisKeys> Initializers,
    IReadOnlyList<PortKeys> Inputs,
    IReadOnlyList<PortKeys> Outputs);
