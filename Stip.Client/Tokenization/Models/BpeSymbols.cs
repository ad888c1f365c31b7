using System.Globalization;
using System.Text;

namespace Stip.Client.Tokenization.Models;

/// <summary>
/// Takes a word apart into the symbols that merging starts from: characters, bytes, or the unknown token.
/// </summary>
internal sealed class BpeSymbols
{
    private readonly Vocabulary _vocabulary;
    private readonly BpeSettings _settings;
    private readonly int?[] _byteIds;

    public BpeSymbols(Vocabulary vocabulary, BpeSettings settings)
    {
        _vocabulary = vocabulary;
        _settings = settings;
        _byteIds = [.. Enumerable.Range(0, 256).Select(
            value => vocabulary.Id($"<0x{value.ToString("X2", CultureInfo.InvariantCulture)}>"))];
        UnknownId = settings.UnknownToken is null ? null : vocabulary.Id(settings.UnknownToken)
            ?? throw new InvalidDataException("the unknown token is not in the vocabulary");
    }

    public int? UnknownId { get; }

    /// <summary>True where the tokens of a piece, one behind another, stand for all that is in it.</summary>
    public bool AreWholeText => UnknownId is not null && !_settings.ByteFallback
        && string.IsNullOrEmpty(_settings.ContinuingPrefix) && string.IsNullOrEmpty(_settings.WordSuffix);

    public void Split(string piece, List<int> word)
    {
        var unknownWaits = false;
        for (var start = 0; start < piece.Length;)
        {
            var length = char.IsSurrogatePair(piece, start) ? 2 : 1;
            var symbol = WithAffixes(piece, start, length);
            if (Id(symbol, piece.AsSpan(start, length)) is { } id)
            {
                FlushUnknown(word, ref unknownWaits);
                word.Add(id);
            }
            else if (!TryBytes(symbol ?? piece.Substring(start, length), word) && UnknownId is not null)
            {
                if (unknownWaits && !_settings.FuseUnknown)
                {
                    word.Add(UnknownId.Value);
                }

                unknownWaits = true;
            }

            start += length;
        }

        FlushUnknown(word, ref unknownWaits);
    }

    /// <summary>How much of a piece the unknown token at a place stands for; 0 where the place is known.</summary>
    public int UnknownLength(string piece, int start)
    {
        var end = start;
        while (end < piece.Length && (end == start || _settings.FuseUnknown))
        {
            var length = char.IsSurrogatePair(piece, end) ? 2 : 1;
            if (_vocabulary.Id(piece.AsSpan(end, length)) is not null)
            {
                break;
            }

            end += length;
        }

        return end - start;
    }

    private int? Id(string? withAffixes, ReadOnlySpan<char> bare) =>
        withAffixes is null ? _vocabulary.Id(bare) : _vocabulary.Id(withAffixes);

    /// <summary>The symbol with its prefix and suffix, or null where it has none.</summary>
    private string? WithAffixes(string piece, int start, int length)
    {
        var prefix = start > 0 ? _settings.ContinuingPrefix : null;
        var suffix = start + length == piece.Length ? _settings.WordSuffix : null;
        return string.IsNullOrEmpty(prefix) && string.IsNullOrEmpty(suffix)
            ? null
            : string.Concat(prefix, piece.AsSpan(start, length), suffix);
    }

    private bool TryBytes(string symbol, List<int> word)
    {
        if (!_settings.ByteFallback)
        {
            return false;
        }

        var bytes = Encoding.UTF8.GetBytes(symbol);
        if (!Array.TrueForAll(bytes, value => _byteIds[value] is not null))
        {
            return false;
        }

        // An unknown symbol that waits stays behind these bytes: so does the reference.
        word.AddRange(bytes.Select(value => _byteIds[value]!.Value));
        return true;
    }

    private void FlushUnknown(List<int> word, ref bool waits)
    {
        if (waits)
        {
            word.Add(UnknownId!.Value);
            waits = false;
        }
    }
}
