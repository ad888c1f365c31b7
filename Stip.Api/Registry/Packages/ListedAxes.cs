using System.Text.Json;

namespace Stip.Api.Registry.Packages;

/// <summary>The axes of a tensor as a manifest lists them.</summary>
/// <param name="Words">Those that are no numbers, each once.</param>
/// <param name="Numbers">Product of the others, no larger than one too many.</param>
internal sealed record ListedAxes(IReadOnlySet<string> Words, long Numbers)
{
    /// <summary>Most axes of a tensor.</summary>
    public const int Most = 8;

    /// <summary>Reads them; null where there are too many, one is neither a length above 0 nor one of the words, or a
    /// word comes twice.</summary>
    /// <param name="axes">As they are listed.</param>
    /// <param name="words">That may be there.</param>
    /// <param name="mostNumbers">Beyond which nothing is counted.</param>
    public static ListedAxes? Read(IReadOnlyList<JsonElement> axes, IReadOnlyCollection<string> words, long mostNumbers)
    {
        var (found, numbers) = (new HashSet<string>(StringComparer.Ordinal), 1L);
        foreach (var axis in axes.Take(Most + 1))
        {
            if (axis.ValueKind == JsonValueKind.Number && axis.TryGetInt32(out var length) && length > 0)
            {
                numbers = Math.Min(numbers * length, mostNumbers + 1);
            }
            else if (axis.ValueKind != JsonValueKind.String || axis.GetString() is not { } word
                || !words.Contains(word) || !found.Add(word))
            {
                return null;
            }
        }

        return axes.Count <= Most ? new ListedAxes(found, numbers) : null;
    }
}
