using Stip.Client.Tokenization.AddedTokens;
using Stip.Client.Tokenization.Decoding;
using Stip.Client.Tokenization.Models;
using Stip.Client.Tokenization.PostProcessing;
using Stip.Client.Tokenization.PreTokenization;

namespace Stip.Client.Tokenization;

/// <summary>
/// Text to token ids and back, as Hugging Face's tokenizers does it from the same tokenizer.json: byte-level BPE,
/// SentencePiece-style BPE with byte fallback, Unigram, and WordPiece; also SentencePiece with ids of its own (Marian,
/// M2M100). Safe to use from several threads at once.
/// </summary>
public sealed class TextTokenizer
{
    private readonly AddedTokenSet _added;
    private readonly PreTokenizer? _preTokenizer;
    private readonly TokenModel _model;
    private readonly SpecialTokenFrame _frame;
    private readonly DecoderRecipe _decoder;
    private byte[]?[]? _bytes;

    internal TextTokenizer(
        AddedTokenSet added,
        PreTokenizer? preTokenizer,
        TokenModel model,
        SpecialTokenFrame frame,
        DecoderRecipe decoder) =>
        (_added, _preTokenizer, _model, _frame, _decoder) = (added, preTokenizer, model, frame, decoder);

    /// <summary>The greatest id plus one, added tokens included.</summary>
    public int VocabularySize => Math.Max(_model.Vocabulary.Size, _added.GreatestId + 1);

    /// <summary>Codes of the languages that have a token (<c>en_XX</c>, <c>eng_Latn</c>, <c>en</c>), in the order of
    /// the file; empty for most tokenizers.</summary>
    public IReadOnlyCollection<string> Languages => _added.Languages.Codes;

    /// <summary>Reads the tokenizer of a model or bundle folder.</summary>
    /// <param name="folder">Holds tokenizer.json; added tokens of a tokenizer_config.json beside it are taken as
    /// well.</param>
    /// <exception cref="FileNotFoundException">The folder has no tokenizer.json.</exception>
    /// <exception cref="InvalidDataException">The file is malformed or asks for something that is not
    /// supported.</exception>
    public static TextTokenizer FromFolder(string folder) => TokenizerFolder.Read(folder);

    /// <summary>The token of a language, e.g. the one that the answer of a translator is to begin with.</summary>
    /// <param name="language">One of <see cref="Languages"/>, or the text of its token.</param>
    /// <returns>Its id, null where there is no such language.</returns>
    public int? LanguageId(string language) => _added.Languages.Id(language);

    /// <summary>The id of a token by its text as it stands in the vocabulary, e.g.
    /// <c>&lt;|transcribe|&gt;</c>.</summary>
    /// <param name="text">Its text.</param>
    /// <returns>Its id, null where there is none.</returns>
    public int? TokenId(string text) => _added.Id(text) ?? _model.Vocabulary.Id(text);

    /// <summary>The same tokenizer for texts whose frame names another language: that of the source for mBART, NLLB and
    /// M2M100, that of the answer for Marian and Whisper.</summary>
    /// <param name="language">One of <see cref="Languages"/>, or the text of its token.</param>
    /// <exception cref="ArgumentException">There is no such language.</exception>
    public TextTokenizer InLanguage(string language) => LanguageId(language) is { } id
        ? new TextTokenizer(_added, _preTokenizer, _model, _frame.InLanguage(_added.Languages, id), _decoder)
        : throw new ArgumentException(
            Languages.Count == 0 ? $"there is no language '{language}': this tokenizer has no languages"
                : $"there is no language '{language}'; there are {string.Join(", ", Languages)}",
            nameof(language));

    /// <summary>Turns text into ids.</summary>
    /// <param name="text">Special tokens that are written in it count as such.</param>
    /// <param name="addSpecialTokens">Whether the sequence is framed as the tokenizer's post-processor says (default:
    /// no).</param>
    /// <exception cref="InvalidDataException">A pattern of the tokenizer takes too long on this text.</exception>
    public int[] Encode(string text, bool addSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>((text.Length / 3) + 8);
        if (addSpecialTokens)
        {
            ids.AddRange(_frame.Before);
        }

        foreach (var (id, piece) in _added.Extract(UnicodeText.WithoutLoneSurrogates(text)))
        {
            if (id is { } added)
            {
                ids.Add(added);
            }
            else
            {
                EncodePiece(piece, ids);
            }
        }

        if (addSpecialTokens)
        {
            ids.AddRange(_frame.After);
        }

        return [.. ids];
    }

    /// <summary>Turns text into ids that are framed, and no more than fit: what is too much is cut off the text's end,
    /// inside the frame.</summary>
    /// <param name="text">Special tokens that are written in it count as such.</param>
    /// <param name="mostTokens">Most ids, those of the frame included.</param>
    /// <exception cref="ArgumentOutOfRangeException">The frame alone has more.</exception>
    /// <exception cref="InvalidDataException">A pattern of the tokenizer takes too long on this text.</exception>
    public int[] EncodeCut(string text, int mostTokens)
    {
        var room = mostTokens - _frame.Before.Length - _frame.After.Length;
        ArgumentOutOfRangeException.ThrowIfNegative(room, nameof(mostTokens));
        var ids = Encode(text);
        return [.. _frame.Before, .. ids.AsSpan(0, Math.Min(room, ids.Length)), .. _frame.After];
    }

    /// <summary>Segments of a framed sequence; none where all are the first.</summary>
    /// <param name="count">Its ids, those of the frame included.</param>
    internal int[] Types(int count)
    {
        if (_frame.Types is not { } types)
        {
            return [];
        }

        var own = count - types.Before.Length - types.After.Length;
        return [.. types.Before, .. Enumerable.Repeat(types.Own, own), .. types.After];
    }

    /// <summary>Frames two sequences of ids as one.</summary>
    internal TokenPair Join(ReadOnlySpan<int> first, ReadOnlySpan<int> second)
    {
        var (ids, types, secondStart) = (new List<int>(), new List<int>(), 0);
        foreach (var part in _frame.Pair)
        {
            secondStart = part.Sequence == 1 ? ids.Count : secondStart;
            ids.AddRange(part.Sequence switch
            {
                0 => first,
                1 => second,
                _ => [part.Id],
            });
            types.AddRange(Enumerable.Repeat(part.Type, ids.Count - types.Count));
        }

        return new TokenPair([.. ids], [.. types], secondStart);
    }

    /// <summary>Turns ids into text.</summary>
    /// <param name="ids">Ids that the tokenizer does not have add nothing.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out (default: yes).</param>
    /// <returns>The text; bytes that are not UTF-8 come as U+FFFD.</returns>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var decoder = new StreamingDecoder(this, _decoder.Start(isStream: false), skipSpecialTokens);
        foreach (var id in ids)
        {
            decoder.Push(id);
        }

        return decoder.Flush();
    }

    /// <summary>Starts a decode that gives its text piece by piece.</summary>
    /// <param name="skipSpecialTokens">Whether special tokens are left out (default: yes).</param>
    public StreamingDecoder CreateStream(bool skipSpecialTokens = true) =>
        new(this, _decoder.Start(isStream: true), skipSpecialTokens);

    /// <summary>Starts such a decode without special tokens other than some.</summary>
    /// <param name="keptTokens">Those that stay.</param>
    internal StreamingDecoder CreateStream(IReadOnlySet<string> keptTokens) =>
        new(this, _decoder.Start(isStream: true), skipsSpecialTokens: true, keptTokens);

    /// <summary>The piece as it stands in the vocabulary (byte-level pieces in their own alphabet).</summary>
    /// <param name="id">A token id.</param>
    /// <returns>The piece, or null where the id is not in use.</returns>
    public string? TokenText(int id) => _added.Find(id)?.Content ?? _model.Vocabulary.Piece(id);

    /// <summary>The bytes that a token stands for in the middle of a text; not always whole characters.</summary>
    /// <param name="id">A token id.</param>
    /// <returns>The bytes; none where the id is not in use. A special token stands for its own name.</returns>
    public byte[] TokenBytes(int id)
    {
        if ((uint)id >= (uint)VocabularySize || TokenText(id) is not { } piece)
        {
            return [];
        }

        // Several threads may make the same entry: one of them stays.
        var known = _bytes ??= new byte[VocabularySize][];
        return known[id] ??= Tokenization.TokenBytes.Of(this, id, piece, _decoder.IsByteLevel);
    }

    /// <summary>Whether a token is a special one, which stands for no text.</summary>
    internal bool IsSpecial(int id) => TokenText(id) is { } piece && IsSpecial(piece);

    internal bool IsSpecial(string piece) => _added.IsSpecial(piece);

    internal bool IsLanguage(int id) => _added.Languages.Contains(id);

    private void EncodePiece(Piece piece, List<int> ids)
    {
        foreach (var part in _preTokenizer?.Split(piece) ?? [piece])
        {
            _model.Encode(part.Text, ids);
        }
    }
}
