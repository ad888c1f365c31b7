using System.Text;

namespace Stip.Client.Tokenization.PreTokenization;

/// <summary>
/// GPT-2's alphabet: every byte as one visible character. Printable Latin-1 stands for itself, the rest from U+0100 on.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] OfByte = Create();
    private static readonly short[] OfCharacter = Invert();

    public static IEnumerable<char> Characters => OfByte;

    public static string Encode(ReadOnlySpan<char> text)
    {
        Span<byte> bytes = text.Length <= 256 ? stackalloc byte[3 * 256] : new byte[3 * text.Length];
        bytes = bytes[..Encoding.UTF8.GetBytes(text, bytes)];
        return string.Create(bytes.Length, bytes, static (target, source) =>
        {
            for (var i = 0; i < source.Length; i++)
            {
                target[i] = OfByte[source[i]];
            }
        });
    }

    /// <summary>The byte that a character stands for, or -1.</summary>
    public static int Byte(char character) => character < OfCharacter.Length ? OfCharacter[character] : -1;

    private static char[] Create()
    {
        var characters = new char[256];
        var next = 0x100;
        for (var value = 0; value < 256; value++)
        {
            var printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            characters[value] = (char)(printable ? value : next++);
        }

        return characters;
    }

    private static short[] Invert()
    {
        var bytes = new short[OfByte.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (var value = 0; value < OfByte.Length; value++)
        {
            bytes[OfByte[value]] = (short)value;
        }

        return bytes;
    }
}
