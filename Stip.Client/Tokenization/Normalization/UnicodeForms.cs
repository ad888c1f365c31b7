using System.Runtime.InteropServices;
using System.Text;

namespace Stip.Client.Tokenization.Normalization;

/// <summary>
/// The four normalisation forms of Unicode (UAX #15) from a table of our own: with invariant globalisation the
/// runtime's
/// <see cref="string.Normalize()"/> gives back its input unchanged, and without it the result depends on the machine.
/// </summary>
internal static class UnicodeForms
{
    public static string Normalize(string text, NormalizationForm form)
    {
        // Form C leaves everything below U+0300 as it is, the other forms everything below U+00A0.
        var firstAffected = form == NormalizationForm.FormC ? '\u0300' : '\u00A0';
        if (!text.AsSpan().ContainsAnyInRange(firstAffected, char.MaxValue))
        {
            return text;
        }

        var compatibility = form is NormalizationForm.FormKC or NormalizationForm.FormKD;
        var composes = form is NormalizationForm.FormC or NormalizationForm.FormKC;
        var runes = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            Decompose(rune.Value, compatibility, runes);
        }

        Reorder(runes);
        if (composes)
        {
            Compose(runes);
        }

        return ToText(runes);
    }

    private static void Decompose(int code, bool compatibility, List<int> runes)
    {
        if (HangulSyllables.TryDecompose(code, runes))
        {
            return;
        }

        if (UnicodeFormTable.Shared.Decomposition(code, compatibility) is not { } parts)
        {
            runes.Add(code);
            return;
        }

        foreach (var part in parts)
        {
            Decompose(part, compatibility, runes);
        }
    }

    /// <summary>
    /// Marks in the order of their combining class, each run stable (the canonical ordering algorithm).
    /// </summary>
    private static void Reorder(List<int> runes)
    {
        var table = UnicodeFormTable.Shared;
        for (var start = 0; start < runes.Count; start++)
        {
            var end = start;
            while (end < runes.Count && table.CombiningClass(runes[end]) != 0)
            {
                end++;
            }

            if (end - start > 1)
            {
                var sorted = runes.GetRange(start, end - start).OrderBy(table.CombiningClass).ToArray();
                sorted.CopyTo(CollectionsMarshal.AsSpan(runes)[start..]);
            }

            start = end;
        }
    }

    private static void Compose(List<int> runes)
    {
        var table = UnicodeFormTable.Shared;
        var (starter, kept, lastClass) = (-1, 0, 0);
        foreach (var code in runes.ToArray())
        {
            var combining = table.CombiningClass(code);
            var blocked = lastClass != 0 && lastClass >= combining;
            if (starter >= 0 && !blocked && table.Composition(runes[starter], code) is { } composed)
            {
                runes[starter] = composed;
                continue;
            }

            (starter, lastClass) = combining == 0 ? (kept, 0) : (starter, combining);
            runes[kept++] = code;
        }

        runes.RemoveRange(kept, runes.Count - kept);
    }

    private static string ToText(List<int> runes)
    {
        var text = new StringBuilder(runes.Count);
        foreach (var code in runes)
        {
            text.Append(new Rune(code));
        }

        return text.ToString();
    }
}
