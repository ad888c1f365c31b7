using System.Collections.Concurrent;
using System.Text.Json;

namespace Stip.Client.Tokenization.Models;

/// <summary>Byte-pair encoding, byte-level or with byte fallback.</summary>
internal sealed class BpeModel : TokenModel
{
    // Microsoft.ML.Tokenizers shifts a list once for every merged symbol: quadratic, felt from some hundred characters.
    private const int LongestLibraryPiece = 128;

    // What one very long text needed is not worth holding on to.
    private const int LongestKeptWord = 1 << 16;
    private readonly BpeSettings _settings;
    private readonly BpeSymbols _symbols;
    private readonly LibraryBpe? _library;
    private readonly Lazy<BpeMerges> _merges;
    private readonly ConcurrentBag<(List<int> Word, MergeQueue Queue)> _idle = [];

    private BpeModel(Vocabulary vocabulary, BpeSettings settings, (string Left, string Right)[] pairs)
        : base(vocabulary)
    {
        _settings = settings;
        _symbols = new BpeSymbols(vocabulary, settings);
        _library = LibraryBpe.TryCreate(vocabulary, settings, pairs);
        _merges = new Lazy<BpeMerges>(() => BpeMerges.Rank(pairs, vocabulary, settings.ContinuingPrefix));
        if (_library is null)
        {
            // Faults of the merge table belong to loading, not to the first long word.
            _ = _merges.Value;
        }
    }

    public static BpeModel Read(JsonElement model, Vocabulary vocabulary) =>
        new(vocabulary, BpeSettings.Read(model), BpeMerges.ReadPairs(model));

    public override void Encode(string piece, List<int> ids)
    {
        if (_settings.IgnoreMerges && Vocabulary.Id(piece) is { } whole)
        {
            ids.Add(whole);
        }
        else if (_library is not null && piece.Length <= LongestLibraryPiece)
        {
            _library.Encode(piece, ids);
        }
        else
        {
            Merge(piece, ids);
        }
    }

    public override void Cut(string piece, List<string> pieces)
    {
        if (!_symbols.AreWholeText)
        {
            base.Cut(piece, pieces);
            return;
        }

        var (ids, start) = (new List<int>(), 0);
        Encode(piece, ids);
        foreach (var id in ids)
        {
            var unknown = id == _symbols.UnknownId ? _symbols.UnknownLength(piece, start) : 0;
            var length = unknown > 0 ? unknown : Vocabulary.Piece(id)!.Length;
            pieces.Add(piece.Substring(start, length));
            start += length;
        }
    }

    private void Merge(string piece, List<int> ids)
    {
        if (!_idle.TryTake(out var work))
        {
            work = ([], new MergeQueue(_merges.Value));
        }

        work.Word.Clear();
        _symbols.Split(piece, work.Word);
        work.Queue.Merge(work.Word, ids);
        if (work.Word.Count <= LongestKeptWord)
        {
            _idle.Add(work);
        }
    }
}
