using Stip.Onnx.Model;
using Stip.Onnx.Protection.Tables;
using Stip.Onnx.Symmetry.Ports;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Which inputs of a client's graph are ids and positions, where their names do not say it.</summary>
internal static class TokenNames
{
    /// <param name="client">The client's graph.</param>
    /// <param name="uses">What positions among its inputs are.</param>
    /// <returns>The graph's names by the usual ones; null where ids have the usual one, or are more than one.</returns>
    public static IReadOnlyDictionary<string, string>? Of(GraphProto client, PortUses uses)
    {
        string[] whole =
            [.. client.Input.Where(input => !ElementTypes.AreQuantities(input)).Select(input => input.Name)];
        if (whole.Contains(LookupTerms.Ids))
        {
            return null;
        }

        var positions = Array.FindAll(whole, name => uses[name] == PortUse.Position);
        var masks = Array.FindAll(whole, name => uses[name] == PortUse.Mask);
        if (whole.Except([.. positions, .. masks, LookupTerms.TypeIds]).ToArray() is not [var ids]
            || positions.Length > 1)
        {
            return null;
        }

        var names = new Dictionary<string, string>(StringComparer.Ordinal) { [LookupTerms.Ids] = ids };
        if (positions is [not LookupTerms.PositionIds and var place])
        {
            names[LookupTerms.PositionIds] = place;
        }

        return names;
    }
}
