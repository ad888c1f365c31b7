using System.Text.Json;

namespace Stip.Client.Tokenization.Models;

/// <summary>The model's own pieces, both ways; added tokens are kept apart.</summary>
internal sealed class Vocabulary
{
    // Far above any tokenizer in use; a larger id would only make a hostile file reserve memory.
    private const int MaxId = 1 << 24;
    private readonly Dictionary<string, int> _ids;
    private readonly string?[] _pieces;

    private Vocabulary(Dictionary<string, int> ids, string?[] pieces) => (_ids, _pieces) = (ids, pieces);

    public IReadOnlyDictionary<string, int> Ids => _ids;

    /// <summary>The greatest id plus one.</summary>
    public int Size => _pieces.Length;

    public static Vocabulary Read(JsonElement vocab)
    {
        if (vocab.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException($"the field 'vocab' is {vocab.ValueKind}, not an object of piece: id");
        }

        var ids = new Dictionary<string, int>(vocab.GetPropertyCount(), StringComparer.Ordinal);
        var greatest = -1;
        foreach (var entry in vocab.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out var id)
                || id is < 0 or > MaxId)
            {
                throw new InvalidDataException($"the vocabulary holds an id outside 0 to {MaxId}");
            }

            ids[entry.Name] = id;
            greatest = Math.Max(greatest, id);
        }

        var pieces = new string?[greatest + 1];
        foreach (var (piece, id) in ids)
        {
            pieces[id] = piece;
        }

        return new Vocabulary(ids, pieces);
    }

    /// <summary>Pieces whose ids are their places; of equal ones the last has the id.</summary>
    public static Vocabulary Number(IEnumerable<string> pieces)
    {
        string?[] all = [.. pieces];
        var ids = new Dictionary<string, int>(all.Length, StringComparer.Ordinal);
        for (var id = 0; id < all.Length; id++)
        {
            ids[all[id]!] = id;
        }

        return new Vocabulary(ids, all);
    }

    public string? Piece(int id) => (uint)id < (uint)_pieces.Length ? _pieces[id] : null;

    public int? Id(string piece) => _ids.TryGetValue(piece, out var id) ? id : null;

    public int? Id(ReadOnlySpan<char> piece) =>
        _ids.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(piece, out var id) ? id : null;
}
