namespace Stip.Api.Registry.Settings;

/// <summary>What somebody may have meant who wrote another name.</summary>
internal static class NearestNames
{
    private const int Most = 3;

    /// <summary>The nearest of the <paramref name="known"/> paths by the edits between them, or between their last
    /// parts where the group was left out or mistaken; none where all are far.</summary>
    public static IReadOnlyList<string> Of(string path, IEnumerable<string> known)
    {
        var reach = Math.Max(2, Last(path).Length / 3);
        var near = known
            .Select(name => (Name: name, Edits: Math.Min(Edits(path, name), 1 + Edits(Last(path), Last(name)))))
            .Where(candidate => candidate.Edits <= reach).OrderBy(candidate => candidate.Edits).ToArray();
        return [.. near.TakeWhile(candidate => candidate.Edits <= near[0].Edits + 1).Take(Most).Select(c => c.Name)];
    }

    private static string Last(string path) => path[(path.LastIndexOf(':') + 1)..];

    // Levenshtein's distance, without regard to case.
    private static int Edits(string from, string to)
    {
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 0; i < from.Length; i++)
        {
            (var diagonal, row[0]) = (row[0], i + 1);
            for (var j = 0; j < to.Length; j++)
            {
                var isSame = char.ToUpperInvariant(from[i]) == char.ToUpperInvariant(to[j]);
                (diagonal, row[j + 1]) = (row[j + 1],
                    Math.Min(Math.Min(row[j], row[j + 1]) + 1, diagonal + (isSame ? 0 : 1)));
            }
        }

        return row[^1];
    }
}
