using System.Runtime.InteropServices;
using System.Text;
using Stip.Onnx;
using Stip.Onnx.Model;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>Reads a GGUF header from its start, value by value, never beyond the end of the file.</summary>
/// <param name="file">The mapped file.</param>
/// <param name="name">Its name, for messages.</param>
internal sealed class GgufCursor(MappedFile file, string name)
{
    // The longest texts are chat templates, of some thousand bytes; a longer claim is a lie or an attack.
    private const int LongestText = 1 << 24;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public long Position { get; private set; }

    public long Remaining => file.Length - Position;

    /// <summary>A little-endian number.</summary>
    public T Read<T>(string what)
        where T : unmanaged => MemoryMarshal.Read<T>(Take(Marshal.SizeOf<T>(), what));

    /// <summary>How many of something follow, of which each takes at least <paramref name="leastBytes"/>.</summary>
    public int Count(string what, int leastBytes)
    {
        var count = Read<ulong>($"number of {what}");
        var most = Math.Min(Remaining / leastBytes, int.MaxValue / 8);
        return count <= (ulong)most
            ? (int)count
            : throw Refused($"claims {count} {what}; the {Remaining} bytes that follow hold at most {most}");
    }

    /// <summary>A text with its length before it.</summary>
    public string Text(string what)
    {
        var length = Read<ulong>($"length of {what}");
        if (length > LongestText)
        {
            throw Refused($"has a {what} of {length} bytes; at most {LongestText} are allowed");
        }

        var bytes = Take((int)length, what);
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw Refused($"has a {what} that is not UTF-8", e);
        }
    }

    public RefusedException Refused(string what, Exception? inner = null) => inner is null
        ? new RefusedException($"{name} {what}")
        : new RefusedException($"{name} {what}", inner);

    private ReadOnlySpan<byte> Take(int bytes, string what)
    {
        if (bytes > Remaining)
        {
            throw Refused(
                $"ends inside its header: {what} needs {bytes} bytes at {Position}, the file has {file.Length}");
        }

        var taken = file.Bytes(Position, bytes);
        Position += bytes;
        return taken;
    }
}
