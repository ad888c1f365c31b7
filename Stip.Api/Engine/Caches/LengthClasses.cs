namespace Stip.Api.Engine.Caches;

/// <summary>Lengths for which a model's sessions have caches: its context, and quarters of it.</summary>
internal static class LengthClasses
{
    private const int Factor = 4;
    private const int Shortest = 64;

    /// <summary>Those of a model, shortest first.</summary>
    public static int[] Of(int contextLength)
    {
        var classes = new Stack<int>();
        for (var length = contextLength; length >= Shortest || classes.Count == 0; length /= Factor)
        {
            classes.Push(length);
        }

        return [.. classes];
    }

    /// <summary>The longest one whose cache fits into the memory that there is; the whole context where none does, so
    /// that the refusal says what is missing.</summary>
    /// <param name="contextLength">Of the model.</param>
    /// <param name="slotBytes">What a cache of so many tokens takes.</param>
    /// <param name="limitBytes">What all caches may take.</param>
    public static int Longest(int contextLength, Func<int, long> slotBytes, long limitBytes) =>
        Of(contextLength).Where(length => slotBytes(length) <= limitBytes).DefaultIfEmpty(contextLength).Max();
}
