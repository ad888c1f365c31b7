using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// Ties the state that a step gives to the state that the next one takes: what comes out as <c>present.0.key</c> goes
/// back in as <c>past_key_values.0.key</c>, so both keep one layout.
/// </summary>
internal static class KeptStates
{
    private static readonly string[] Words =
        ["past_key_values", "present_key_values", "past_key_value", "key_values", "past", "present", "_in", "_out"];

    /// <param name="inputs">Inputs of a graph.</param>
    /// <param name="outputs">Its outputs.</param>
    /// <param name="found">States that their names need not tell.</param>
    /// <param name="store">Where nodes are made.</param>
    public static void Tie(
        IReadOnlyCollection<LabelledPort> inputs,
        IReadOnlyCollection<LabelledPort> outputs,
        IEnumerable<(string Past, string Present)> found,
        NodeStore store)
    {
        var others = found.Select(state => (
            Past: inputs.FirstOrDefault(port => port.Name == state.Past),
            Present: outputs.FirstOrDefault(port => port.Name == state.Present)));
        foreach (var (past, present) in Pairs(inputs, outputs).Union(others.Where(AreOneState)!))
        {
            CellWise.Ordered(store, store.Kinds.Id(HoldingKinds.Kept), past.Nodes, present.Nodes);
        }
    }

    private static bool AreOneState((LabelledPort? Past, LabelledPort? Present) state) =>
        state is { Past: { } past, Present: { } present }
        && past.FeatureShape.AsSpan().SequenceEqual(present.FeatureShape);

    /// <summary>Inputs and outputs of one graph that hold the same state.</summary>
    public static IEnumerable<(LabelledPort Past, LabelledPort Present)> Pairs(
        IEnumerable<LabelledPort> inputs, IEnumerable<LabelledPort> outputs)
    {
        var pasts = inputs.Where(port => port.Name.Contains("past", StringComparison.OrdinalIgnoreCase))
            .GroupBy(port => Stem(port.Name)).Where(group => group.Count() == 1)
            .ToDictionary(group => group.Key, group => group.Single(), StringComparer.OrdinalIgnoreCase);
        foreach (var present in outputs.Where(port => IsState(port.Name)))
        {
            if (pasts.TryGetValue(Stem(present.Name), out var past)
                && past.FeatureShape.AsSpan().SequenceEqual(present.FeatureShape))
            {
                yield return (past, present);
            }
        }
    }

    /// <summary>True for a name of a state that one step gives the next.</summary>
    public static bool IsState(string name) => name.Contains("present", StringComparison.OrdinalIgnoreCase)
        || name.Contains("past", StringComparison.OrdinalIgnoreCase);

    /// <summary>What is the same in the names of a state before and after a step.</summary>
    public static string Stem(string name) => Words
        .Aggregate(name.ToLowerInvariant(), (stem, word) => stem.Replace(word, "", StringComparison.Ordinal))
        .Trim('.', '_', '/');
}
