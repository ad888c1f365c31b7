using Stip.Keys.Permutations;
using Stip.Onnx.Packages;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Protection;

/// <summary>
/// Looks after a draw whether ports that are joined move alike: what one graph gives another, and what one step keeps
/// for the next. Graphs are verified one by one, where a difference between them would not show.
/// </summary>
internal static class JoinedPorts
{
    /// <exception cref="RefusedException">Two joined ports of different graphs move apart.</exception>
    public static void RefuseApart(IReadOnlyDictionary<string, ProtectionPlan> plans, IEnumerable<PortJoin> joins)
    {
        foreach (var join in joins)
        {
            RefuseApart((join.From, PortOf(plans, join.From)), (join.To, PortOf(plans, join.To)));
        }
    }

    /// <exception cref="RefusedException">A state that is given moves in another way than the same state where it is
    /// taken.</exception>
    public static void RefuseApart(LabelledPart part, ProtectionPlan plan)
    {
        var named = KeptStates.Pairs(part.Inputs, part.Outputs).Select(pair => (pair.Past.Name, pair.Present.Name));
        foreach (var (past, present) in named.Union(part.Part.States))
        {
            RefuseApart(
                (present, plan.Outputs.GetValueOrDefault(present)), (past, plan.Inputs.GetValueOrDefault(past)));
        }
    }

    private static void RefuseApart((string Name, PortPlan? Port) from, (string Name, PortPlan? Port) to)
    {
        if (!AreAlike(from.Port?.Permutation, to.Port?.Permutation))
        {
            throw new RefusedException(
                $"'{from.Name}' and '{to.Name}' hold the same features but would not be permuted alike");
        }
    }

    // One of them may state a number of rows, each of which moves as the whole of the other.
    private static bool AreAlike(Permutation? one, Permutation? other)
    {
        if (one is null || other is null)
        {
            return one is null == other is null;
        }

        var (rows, row) = one.Length > other.Length ? (one, other) : (other, one);
        for (var i = 0; i < rows.Length; i++)
        {
            if (rows[i] != (i / row.Length * row.Length) + row[i % row.Length])
            {
                return false;
            }
        }

        return rows.Length % row.Length == 0;
    }

    private static PortPlan? PortOf(IReadOnlyDictionary<string, ProtectionPlan> plans, string port)
    {
        foreach (var (key, plan) in plans.Where(plan => port.StartsWith(plan.Key + ".", StringComparison.Ordinal)))
        {
            var name = port[(key.Length + 1)..];
            if ((plan.Inputs.GetValueOrDefault(name) ?? plan.Outputs.GetValueOrDefault(name)) is { } found)
            {
                return found;
            }
        }

        return null;
    }
}
