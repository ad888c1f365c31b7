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

    public static void Tie(IEnumerable<LabelledPort> inputs, IEnumerable<LabelledPort> outputs, NodeStore store)
    {
        var pasts = inputs.Where(port => port.Name.Contains("past", StringComparison.OrdinalIgnoreCase))
            .GroupBy(port => Stem(port.Name)).Where(group => group.Count() == 1)
            .ToDictionary(group => group.Key, group => group.Single(), StringComparer.OrdinalIgnoreCase);
        foreach (var present in outputs.Where(IsPresent))
        {
            if (pasts.TryGetValue(Stem(present.Name), out var past)
                && past.FeatureShape.AsSpan().SequenceEqual(present.FeatureShape))
            {
                CellWise.Ordered(store, store.Kinds.Id(HoldingKinds.Kept), past.Nodes, present.Nodes);
            }
        }
    }

    private static bool IsPresent(LabelledPort port) =>
        port.Name.Contains("present", StringComparison.OrdinalIgnoreCase)
        || port.Name.Contains("past", StringComparison.OrdinalIgnoreCase);

    private static string Stem(string name) => Words
        .Aggregate(name.ToLowerInvariant(), (stem, word) => stem.Replace(word, "", StringComparison.Ordinal))
        .Trim('.', '_', '/');
}
