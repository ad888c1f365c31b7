using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Stip.Client.Tokenization.Models;

/// <summary>
/// Unigram (SentencePiece): of all ways to cut a text into pieces, the one whose scores sum to the most. Written here
/// because Microsoft.ML.Tokenizers reads SentencePiece's own files only, with its own normaliser and its own spaces.
/// </summary>
internal sealed class UnigramModel : TokenModel
{
    // What an unknown character costs beyond the worst piece, in the reference and in SentencePiece.
    private const double UnknownPenalty = 10;
    private readonly PieceTrie _trie;
    private readonly double[] _scores;
    private readonly double _unknownScore;
    private readonly int _unknownId;
    private readonly int?[]? _byteIds;

    private UnigramModel(Vocabulary vocabulary, double[] scores, int unknownId, bool hasByteFallback)
        : base(vocabulary)
    {
        (_scores, _unknownId) = (scores, unknownId);
        _unknownScore = scores.Min() - UnknownPenalty;
        _trie = new PieceTrie(vocabulary.Ids);
        _byteIds = hasByteFallback
            ? [.. Enumerable.Range(0, 256).Select(
                value => vocabulary.Id($"<0x{value.ToString("X2", CultureInfo.InvariantCulture)}>"))]
            : null;
    }

    public static UnigramModel ReadPairs(JsonElement model)
    {
        var entries = model.Items("vocab").Select(Entry).ToArray();
        var unknown = model.Count("unk_id");
        return unknown < entries.Length
            ? new UnigramModel(
                Vocabulary.Number(entries.Select(entry => entry.Piece)),
                [.. entries.Select(entry => entry.Score)],
                unknown,
                model.Flag("byte_fallback", false))
            : throw new InvalidDataException($"'unk_id' is {unknown}; the vocabulary has 0..{entries.Length - 1}");
    }

    public override void Encode(string piece, List<int> ids)
    {
        var before = ids.Count;
        foreach (var (start, end, id) in CutsFromTheEnd(piece))
        {
            if (id == _unknownId)
            {
                AddUnknown(piece.AsSpan(start, end - start), ids);
            }
            else
            {
                ids.Add(id);
            }
        }

        ids.Reverse(before, ids.Count - before);
    }

    public override void Cut(string piece, List<string> pieces)
    {
        if (_byteIds is not null)
        {
            base.Cut(piece, pieces);
            return;
        }

        var before = pieces.Count;
        pieces.AddRange(CutsFromTheEnd(piece).Select(cut => piece[cut.Start..cut.End]));
        pieces.Reverse(before, pieces.Count - before);
    }

    // Unknown characters side by side are one token.
    private IEnumerable<(int Start, int End, int Id)> CutsFromTheEnd(string text)
    {
        var best = BestCuts(text);
        for (var end = text.Length; end > 0;)
        {
            var (id, start) = (best[end].Id, best[end].Start);
            while (id == _unknownId && start > 0 && best[start].Id == _unknownId)
            {
                start = best[start].Start;
            }

            yield return (start, end, id);
            end = start;
        }
    }

    // For every end, the last piece of the best cut up to it.
    private (double Score, int Start, int Id)[] BestCuts(string text)
    {
        var best = new (double Score, int Start, int Id)[text.Length + 1];
        best.AsSpan(1).Fill((double.NegativeInfinity, -1, _unknownId));
        for (var start = 0; start < text.Length;)
        {
            var length = char.IsSurrogatePair(text, start) ? 2 : 1;
            var (node, coversOne) = (PieceTrie.Root, false);
            for (var end = start + 1; end <= text.Length && _trie.TryStep(node, text[end - 1], out node); end++)
            {
                if (_trie.Id(node) is { } id)
                {
                    coversOne |= end == start + length;
                    Offer(best, end, best[start].Score + _scores[id], start, id);
                }
            }

            if (!coversOne)
            {
                Offer(best, start + length, best[start].Score + _unknownScore, start, _unknownId);
            }

            start += length;
        }

        return best;
    }

    private static void Offer((double Score, int Start, int Id)[] best, int end, double score, int start, int id)
    {
        if (best[end].Start < 0 || score > best[end].Score)
        {
            best[end] = (score, start, id);
        }
    }

    // Backwards, as all pieces are added.
    private void AddUnknown(ReadOnlySpan<char> text, List<int> ids)
    {
        if (Vocabulary.Id(text) is { } whole)
        {
            ids.Add(whole);
            return;
        }

        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        if (_byteIds is { } byteIds && bytes.All(value => byteIds[value] is not null))
        {
            ids.AddRange(bytes.Reverse().Select(value => byteIds[value]!.Value));
        }
        else
        {
            ids.Add(_unknownId);
        }
    }

    private static (string Piece, double Score) Entry(JsonElement entry) =>
        entry.ValueKind == JsonValueKind.Array && entry.GetArrayLength() == 2
            && entry[0] is { ValueKind: JsonValueKind.String } piece
            && entry[1] is { ValueKind: JsonValueKind.Number } score && double.IsFinite(score.GetDouble())
            ? (piece.GetString()!, score.GetDouble())
            : throw new InvalidDataException("the vocabulary of a Unigram holds pairs of a piece and a score");
}
