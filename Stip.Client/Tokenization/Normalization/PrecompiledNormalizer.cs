using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Stip.Client.Tokenization.Normalization;

/// <summary>
/// SentencePiece's table of replacements, as its model files carry it: the size of a double-array trie (darts-clone),
/// its units, then the replacements, each ended by a zero byte. The trie gives the place of a text's replacement.
/// </summary>
internal sealed class PrecompiledNormalizer : Normalizer
{
    // Longer clusters are looked up character by character, as the reference does.
    private const int LongestCluster = 5;
    private readonly uint[] _units;
    private readonly byte[] _replacements;

    private PrecompiledNormalizer(uint[] units, byte[] replacements) =>
        (_units, _replacements) = (units, replacements);

    public static Normalizer Read(JsonElement element)
    {
        if (element.OptionalText("precompiled_charsmap") is not { Length: > 0 } text)
        {
            return new PrecompiledNormalizer([], []);
        }

        var table = Convert.FromBase64String(text);
        var size = table.Length < sizeof(uint) ? -1 : BinaryPrimitives.ReadInt32LittleEndian(table);
        if (size < 0 || size % sizeof(uint) != 0 || size > table.Length - sizeof(uint))
        {
            throw new InvalidDataException(
                $"'precompiled_charsmap' has {table.Length} bytes and a trie of {size}: it is damaged");
        }

        var units = new uint[size / sizeof(uint)];
        for (var unit = 0; unit < units.Length; unit++)
        {
            units[unit] = BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan((unit + 1) * sizeof(uint)));
        }

        return new PrecompiledNormalizer(units, table[(sizeof(uint) + size)..]);
    }

    public override string Apply(string text)
    {
        if (_units.Length == 0)
        {
            return text;
        }

        var written = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length;)
        {
            var cluster = text.AsSpan(at, StringInfo.GetNextTextElementLength(text, at));
            at += cluster.Length;
            if (Encoding.UTF8.GetByteCount(cluster) <= LongestCluster && Find(cluster) is { } whole)
            {
                written.Append(whole);
                continue;
            }

            foreach (var rune in cluster.EnumerateRunes())
            {
                var character = rune.ToString();
                written.Append(Find(character) ?? character);
            }
        }

        return written.ToString();
    }

    // The shortest beginning that has a replacement stands for the whole, as in the reference.
    private string? Find(ReadOnlySpan<char> text)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes = bytes[..Encoding.UTF8.GetBytes(text, bytes)];
        var at = Offset(_units[0]);
        foreach (var value in bytes)
        {
            at ^= value;
            if (value == 0 || at >= _units.Length || (_units[at] & 0x800000FF) != value)
            {
                return null;
            }

            var unit = _units[at];
            at ^= Offset(unit);
            if ((unit & 0x100) != 0)
            {
                return at < _units.Length ? Replacement(_units[at] & 0x7FFFFFFF) : null;
            }
        }

        return null;
    }

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 0x200) >> 6);

    private string? Replacement(uint start)
    {
        if (start >= _replacements.Length)
        {
            return null;
        }

        var rest = _replacements.AsSpan((int)start);
        var end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }
}
