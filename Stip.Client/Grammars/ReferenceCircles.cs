namespace Stip.Client.Grammars;

/// <summary>References of a schema that lead back to themselves.</summary>
internal static class ReferenceCircles
{
    /// <summary>One that does; null where none does.</summary>
    /// <param name="leads">From each reference to those that it leads to.</param>
    public static string? Find(IReadOnlyDictionary<string, HashSet<string>> leads) =>
        leads.Keys.FirstOrDefault(path => LeadsBack(leads, path));

    // Chains of references may be longer than a stack is deep.
    private static bool LeadsBack(IReadOnlyDictionary<string, HashSet<string>> leads, string path)
    {
        var (seen, left) = (new HashSet<string>(StringComparer.Ordinal), new Stack<string>([path]));
        while (left.TryPop(out var from))
        {
            foreach (var next in leads.GetValueOrDefault(from) ?? [])
            {
                if (next == path)
                {
                    return true;
                }

                if (seen.Add(next))
                {
                    left.Push(next);
                }
            }
        }

        return false;
    }
}
