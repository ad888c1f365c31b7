namespace Stip.Api.Runtime;

/// <summary>Finds the rows of a batch that one run of a graph takes: those whose tensors are as long.</summary>
internal static class AlikeRows
{
    /// <summary>The next rows that are alike, in their order.</summary>
    /// <param name="keys">Of each row; equal where they are alike.</param>
    /// <param name="isDone">Of each row; set where it is given.</param>
    /// <param name="group">Receives their indices; as many as it has room for.</param>
    /// <returns>How many; 0 where every row was given.</returns>
    public static int Next(ReadOnlySpan<long> keys, Span<bool> isDone, Span<int> group)
    {
        var count = 0;
        for (var i = 0; i < keys.Length && count < group.Length; i++)
        {
            if (!isDone[i] && (count == 0 || keys[i] == keys[group[0]]))
            {
                isDone[i] = true;
                group[count++] = i;
            }
        }

        return count;
    }
}
