namespace Stip.Client.Generation.Choices;

/// <summary>How several answers to one prompt are told apart.</summary>
public static class ChoiceOptions
{
    /// <summary>The options of one of several answers: its seed is the first one's plus its number, so that it is the
    /// answer that a session of its own gives with that seed.</summary>
    /// <param name="options">Those of the first answer.</param>
    /// <param name="choice">Its number, counted from 0.</param>
    public static GenerationOptions OfChoice(this GenerationOptions options, int choice)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegative(choice);
        return options with
        {
            Sampling = options.Sampling with { Seed = unchecked(options.Sampling.Seed + (ulong)choice) },
        };
    }

    /// <summary>Checks options that several answers of one prompt have.</summary>
    /// <exception cref="ArgumentException">There are none, or they differ in more than seed,
    /// observer and reader.</exception>
    internal static void Validate(IReadOnlyList<GenerationOptions> choices)
    {
        ArgumentNullException.ThrowIfNull(choices);
        ArgumentOutOfRangeException.ThrowIfLessThan(choices.Count, 1, nameof(choices));
        var first = choices[0];
        foreach (var choice in choices)
        {
            if (!IsSame(choice, first))
            {
                throw new ArgumentException(
                    "the answers to one prompt may differ in their seed, observer and Enough only", nameof(choices));
            }
        }
    }

    // Lists and tables by what is in them.
    private static bool IsSame(GenerationOptions choice, GenerationOptions first)
    {
        var (own, other) = (choice.Sampling, first.Sampling);
        return choice.StopStrings.SequenceEqual(first.StopStrings)
            && choice.KeptSpecialTokens.SetEquals(first.KeptSpecialTokens)
            && own.LogitBias.Count == other.LogitBias.Count && !own.LogitBias.Except(other.LogitBias).Any()
            && own with { Seed = other.Seed, LogitBias = other.LogitBias } == other
            && choice with
            {
                Sampling = other,
                Observer = first.Observer,
                Enough = first.Enough,
                StopStrings = first.StopStrings,
                KeptSpecialTokens = first.KeptSpecialTokens,
            } == first;
    }
}
