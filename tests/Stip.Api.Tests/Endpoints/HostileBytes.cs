using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Stip.Api.Tests.Endpoints;

/// <summary>Bodies that no honest client sends.</summary>
internal static class HostileBytes
{
    /// <summary>A good body cut, doubled, or with some bytes turned.</summary>
    public static byte[] Damage(Random random, byte[] good)
    {
        var bad = good.ToArray();
        switch (random.Next(4))
        {
            case 0:
                return bad[..random.Next(bad.Length)];
            case 1:
                return [.. bad, .. good];
            default:
                // Structure stands at the front; damage there does more than in the numbers.
                for (var count = random.Next(1, 6); count > 0; count--)
                {
                    bad[random.Next(random.Next(1, bad.Length))] = (byte)random.Next(256);
                }

                return bad;
        }
    }

    /// <summary>A safetensors header that lies about a tensor of one of these names, and a few bytes behind it.
    /// </summary>
    public static byte[] LyingHeader(Random random, string model, params string[] names)
    {
        long[] numbers = [-1, 0, 1, 2, 31, 32, 33, 128, 256, int.MaxValue, long.MaxValue, long.MinValue];
        long Pick() => numbers[random.Next(numbers.Length)];
        string[] dtypes = ["F32", "F16", "BF16", "I64", "X"];
        var session = random.Next(2) == 0 ? "" : "sess_x";
        var header = $$$"""
            {"__metadata__":
            {"model":"{{{model}}}","position":"{{{Pick()}}}","session_id":"{{{session}}}","top_k":"{{{Pick()}}}"},
            "{{{names[random.Next(names.Length)]}}}":{"dtype":"{{{dtypes[random.Next(dtypes.Length)]}}}",
            "shape":[{{{Pick()}}},{{{Pick()}}}],"data_offsets":[{{{Pick()}}},{{{Pick()}}}]}}
            """;
        var json = Encoding.UTF8.GetBytes(header);
        var body = new byte[8 + json.Length + 256];
        BinaryPrimitives.WriteInt64LittleEndian(body, random.Next(10) == 0 ? Pick() : json.Length);
        json.CopyTo(body, 8);
        return body;
    }

    /// <summary>Memory of this process that no file backs, managed or not.</summary>
    public static long ResidentBytes() => OperatingSystem.IsLinux()
        ? long.Parse(
            File.ReadLines("/proc/self/status").First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
            CultureInfo.InvariantCulture) << 10
        : 0;
}
