using System.Buffers;
using System.Globalization;
using System.Text;

namespace Stip.Client.Tokenization.Decoding;

/// <summary>
/// Pieces like &lt;0xE4&gt; back to characters. A run that is not UTF-8 as a whole becomes one U+FFFD a byte: known
/// only at its end. A stream does not wait for that: it shows each character of a run when it is whole.
/// </summary>
internal sealed class ByteFallbackStage(bool isStream) : DecodingStage
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
    private readonly List<byte> _run = [];

    public override void Push(string fragment, Action<string> emit)
    {
        if (Byte(fragment) is not { } value)
        {
            Flush(emit);
            emit(fragment);
            return;
        }

        _run.Add(value);
        if (isStream && Rune.DecodeFromUtf8([.. _run], out var rune, out var used) == OperationStatus.Done
            && used == _run.Count)
        {
            emit(rune.ToString());
            _run.Clear();
        }
    }

    public override void Flush(Action<string> emit)
    {
        if (_run.Count == 0)
        {
            return;
        }

        try
        {
            emit(Strict.GetString([.. _run]));
        }
        catch (DecoderFallbackException)
        {
            emit(new string('\uFFFD', _run.Count));
        }

        _run.Clear();
    }

    private static byte? Byte(string fragment) =>
        fragment.Length == 6 && fragment.StartsWith("<0x", StringComparison.Ordinal) && fragment[5] == '>'
            && byte.TryParse(
                fragment.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
}
