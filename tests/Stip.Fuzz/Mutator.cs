using System.Globalization;
using System.Text;

namespace Stip.Fuzz;

/// <summary>Damages inputs in the ways that parsers mind: lengths, numbers, nesting, pieces of others.</summary>
internal sealed class Mutator(Random random)
{
    private const int MostBytes = 256 << 10;

    private static readonly byte[][] Tokens =
    [
        .. new[]
        {
            "null", "true", "-1", "0", "1e999", "9223372036854775807", "-9223372036854775808", "2147483648", "\"\"",
            "[]", "{}", "[[[[[[[[", "{\"a\":{\"a\":", "\\u0000", "\\ud800", "../../x", "{{", "{% for x in ", "(a+)+$",
            "\0", "\u00ff\u00fe", "(?<=", "\"shape\"",
        }.Select(Encoding.UTF8.GetBytes),
    ];

    private static readonly long[] Numbers =
        [-1, 0, 1, 7, 8, 255, 256, 65535, 65536, int.MaxValue, uint.MaxValue, long.MaxValue, long.MinValue];

    /// <summary>A damaged copy.</summary>
    /// <param name="input">One of the corpus.</param>
    /// <param name="other">Another one, to take pieces from.</param>
    public byte[] Damage(byte[] input, byte[] other)
    {
        var bytes = input.ToList();
        for (var count = random.Next(1, 5); count > 0; count--)
        {
            Once(bytes, other);
        }

        return bytes.Count <= MostBytes ? [.. bytes] : [.. bytes.Take(MostBytes)];
    }

    private void Once(List<byte> bytes, byte[] other)
    {
        var at = random.Next(bytes.Count + 1);
        var span = Math.Min(random.Next(1, 1 << random.Next(1, 8)), bytes.Count - at);
        switch (random.Next(9))
        {
            case 0 when span > 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when span > 0:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, span);
                break;
            case 3:
                bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, span));
                break;
            case 4:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 5 when other.Length > 0:
                var from = random.Next(other.Length);
                bytes.InsertRange(at, other.Skip(from).Take(random.Next(1, 64)));
                break;
            case 6 when bytes.Count - at >= sizeof(long):
                var width = random.Next(2) == 0 ? sizeof(int) : sizeof(long);
                BitConverter.GetBytes(Numbers[random.Next(Numbers.Length)]).Take(width).Index()
                    .ToList().ForEach(pair => bytes[at + pair.Index] = pair.Item);
                break;
            case 7:
                ReplaceNumber(bytes, at);
                break;
            default:
                bytes.InsertRange(at, Tokens[random.Next(Tokens.Length)]);
                break;
        }
    }

    // The next number that is written in digits becomes another one.
    private void ReplaceNumber(List<byte> bytes, int from)
    {
        var start = bytes.FindIndex(Math.Min(from, bytes.Count), value => value is >= (byte)'0' and <= (byte)'9');
        if (start < 0)
        {
            return;
        }

        var end = start;
        while (end < bytes.Count && bytes[end] is >= (byte)'0' and <= (byte)'9')
        {
            end++;
        }

        var number = Numbers[random.Next(Numbers.Length)].ToString(CultureInfo.InvariantCulture);
        bytes.RemoveRange(start, end - start);
        bytes.InsertRange(start, Encoding.ASCII.GetBytes(number));
    }
}
