using System.Text;
using Stip.Client.Tokenization.PreTokenization;

namespace Stip.Client.Tokenization.Decoding;

/// <summary>
/// Characters of <see cref="ByteAlphabet"/> back to bytes, and bytes to text as soon as a character is whole.
/// </summary>
internal sealed class ByteLevelStage : DecodingStage
{
    private readonly Decoder _utf8 = Encoding.UTF8.GetDecoder();

    public override void Push(string fragment, Action<string> emit) => Emit(Bytes(fragment), false, emit);

    public override void Flush(Action<string> emit) => Emit([], true, emit);

    private static byte[] Bytes(string fragment)
    {
        var bytes = new byte[fragment.Length];
        for (var i = 0; i < fragment.Length; i++)
        {
            var value = ByteAlphabet.Byte(fragment[i]);
            if (value < 0)
            {
                // An added token that is not written in the alphabet stands for itself.
                return Encoding.UTF8.GetBytes(fragment);
            }

            bytes[i] = (byte)value;
        }

        return bytes;
    }

    private void Emit(byte[] bytes, bool isLast, Action<string> emit)
    {
        var text = new char[_utf8.GetCharCount(bytes, isLast)];
        var length = _utf8.GetChars(bytes, text, isLast);
        if (length > 0)
        {
            emit(new string(text, 0, length));
        }
    }
}
