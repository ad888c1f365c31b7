namespace Stip.Client.Tokenization.Normalization;

/// <summary>Hangul syllables and their letters by arithmetic (Unicode, section 3.12).</summary>
internal static class HangulSyllables
{
    private const int Syllables = 0xAC00;
    private const int Leads = 0x1100;
    private const int Vowels = 0x1161;
    private const int Tails = 0x11A7;
    private const int LeadCount = 19;
    private const int VowelCount = 21;
    private const int TailCount = 28;

    public static bool TryDecompose(int code, List<int> runes)
    {
        var index = code - Syllables;
        if (index is < 0 or >= LeadCount * VowelCount * TailCount)
        {
            return false;
        }

        runes.Add(Leads + (index / (VowelCount * TailCount)));
        runes.Add(Vowels + (index / TailCount % VowelCount));
        if (index % TailCount is > 0 and var tail)
        {
            runes.Add(Tails + tail);
        }

        return true;
    }

    public static int? Compose(int first, int second)
    {
        var (lead, vowel) = (first - Leads, second - Vowels);
        if (lead is >= 0 and < LeadCount && vowel is >= 0 and < VowelCount)
        {
            return Syllables + (((lead * VowelCount) + vowel) * TailCount);
        }

        var syllable = first - Syllables;
        var opens = syllable is >= 0 and < LeadCount * VowelCount * TailCount && syllable % TailCount == 0;
        return opens && second - Tails is > 0 and < TailCount and var tail ? first + tail : null;
    }
}
