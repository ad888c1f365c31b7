using System.Text.Json;

namespace Stip.Client.Tokenization.Models;

/// <summary>Which neighbours join, how early, and into what.</summary>
internal sealed class BpeMerges
{
    private readonly Dictionary<long, (int Rank, int Id)> _byPair;

    private BpeMerges(Dictionary<long, (int Rank, int Id)> byPair) => _byPair = byPair;

    public static (string Left, string Right)[] ReadPairs(JsonElement model) =>
        [.. model.Items("merges").Select(ReadPair)];

    public static BpeMerges Rank((string Left, string Right)[] pairs, Vocabulary vocabulary, string? prefix)
    {
        var byPair = new Dictionary<long, (int Rank, int Id)>(pairs.Length);
        for (var rank = 0; rank < pairs.Length; rank++)
        {
            var (left, right) = pairs[rank];
            var tail = string.IsNullOrEmpty(prefix) ? right : right[Math.Min(prefix.Length, right.Length)..];
            if (vocabulary.Id(left) is not { } leftId || vocabulary.Id(right) is not { } rightId
                || vocabulary.Id(left + tail) is not { } joined)
            {
                throw new InvalidDataException($"merge {rank} joins or makes a piece that is not in the vocabulary");
            }

            byPair[Key(leftId, rightId)] = (rank, joined);
        }

        return new BpeMerges(byPair);
    }

    public bool TryGet(int left, int right, out (int Rank, int Id) merge) =>
        _byPair.TryGetValue(Key(left, right), out merge);

    private static (string Left, string Right) ReadPair(JsonElement merge, int rank)
    {
        if (merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2
            && merge[0].ValueKind == JsonValueKind.String && merge[1].ValueKind == JsonValueKind.String)
        {
            return (merge[0].GetString()!, merge[1].GetString()!);
        }

        // The older form: one text, the two parts with one space between them.
        if (merge.ValueKind == JsonValueKind.String && merge.GetString()!.Split(' ') is [var left, var right])
        {
            return (left, right);
        }

        throw new InvalidDataException($"merge {rank} is not a pair of pieces");
    }

    private static long Key(int left, int right) => ((long)left << 32) | (uint)right;
}
