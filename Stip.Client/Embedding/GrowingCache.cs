using System.Text.Json;
using Stip.Keys.Bundles;

namespace Stip.Client.Embedding;

/// <summary>A tensor that a graph takes as it was and gives longer by its new tokens.</summary>
/// <param name="Past">Its name as an input.</param>
/// <param name="Present">Its name as an output.</param>
/// <param name="Axes">Lengths of the axes for one sequence; 0 for the one that grows.</param>
/// <param name="Length">The axis that grows.</param>
internal sealed record GrowingCache(string Past, string Present, IReadOnlyList<long> Axes, int Length)
{
    private const string LengthWord = "length";
    private const string BatchWord = "batch";

    /// <summary>Runs of tokens that lie together.</summary>
    public int Runs { get; } = (int)Axes.Take(Length).Aggregate(1L, (product, length) => product * length);

    public static GrowingCache Of(ClientCacheManifest cache)
    {
        string[] words = [.. cache.Axes.Select(axis => axis.ToString())];
        var length = Array.IndexOf(words, LengthWord);
        return new GrowingCache(cache.Past, cache.Present, [.. cache.Axes.Select(LengthOf)], length);

        static long LengthOf(JsonElement axis) => axis.ValueKind == JsonValueKind.Number ? axis.GetInt64()
            : axis.ValueEquals(BatchWord) ? 1 : 0;
    }

    /// <summary>True where the axes are lengths above 0, one that grows and at most one of sequences.</summary>
    public static bool IsRegular(ClientCacheManifest cache) => cache is { Past.Length: > 0, Present.Length: > 0 }
        && cache.Axes.Count(axis => axis.ValueKind == JsonValueKind.String && axis.ValueEquals(LengthWord)) == 1
        && cache.Axes.Count(axis => axis.ValueKind == JsonValueKind.String && axis.ValueEquals(BatchWord)) <= 1
        && cache.Axes.All(axis => axis.ValueKind == JsonValueKind.String
            ? axis.ValueEquals(LengthWord) || axis.ValueEquals(BatchWord)
            : axis.ValueKind == JsonValueKind.Number && axis.TryGetInt32(out var length) && length > 0);

    /// <summary>Its shape after so many tokens.</summary>
    public long[] Shape(int tokens) => [.. Axes.Select((length, axis) => axis == Length ? tokens : length)];

    /// <summary>Copies the first tokens of each run.</summary>
    /// <param name="from">The tensor after <paramref name="held"/> tokens.</param>
    /// <param name="held">Tokens in it.</param>
    /// <param name="to">The tensor of the first of them.</param>
    /// <param name="kept">How many.</param>
    public void CopyFirst(ReadOnlySpan<byte> from, int held, Span<byte> to, int kept)
    {
        if (kept == 0)
        {
            return;
        }

        var tokenBytes = from.Length / Runs / held;
        for (var run = 0; run < Runs; run++)
        {
            from.Slice(run * held * tokenBytes, kept * tokenBytes).CopyTo(to[(run * kept * tokenBytes)..]);
        }
    }
}
