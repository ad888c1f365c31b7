using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Stip.Keys.Permutations;

/// <summary>Unbiased draws from a source of random bytes.</summary>
public static class UniformDraw
{
    private const int MostBytesAtOnce = 1 << 10;

    /// <summary>
    /// Draws a number of <c>0..limit-1</c>, each equally likely: draws beyond the limit are thrown away, not folded
    /// back.
    /// </summary>
    /// <param name="limit">At least 1.</param>
    /// <param name="random">The source of randomness.</param>
    public static int Below(int limit, RandomNumberGenerator random)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        ArgumentNullException.ThrowIfNull(random);
        if (limit == 1)
        {
            return 0;
        }

        var mask = uint.MaxValue >> BitOperations.LeadingZeroCount((uint)(limit - 1));
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        while (true)
        {
            random.GetBytes(bytes);
            var drawn = BinaryPrimitives.ReadUInt32LittleEndian(bytes) & mask;
            if (drawn < (uint)limit)
            {
                return (int)drawn;
            }
        }
    }

    /// <summary>Shuffles items in place, every order equally likely (Fisher and Yates).</summary>
    public static void Shuffle<T>(Span<T> items, RandomNumberGenerator random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Span<byte> bytes = stackalloc byte[MostBytesAtOnce];
        var rest = bytes[..0];
        for (var i = items.Length - 1; i > 0; i--)
        {
            // One call of the generator for many draws: it costs more than the bytes do.
            var mask = uint.MaxValue >> BitOperations.LeadingZeroCount((uint)i);
            uint other;
            do
            {
                if (rest.IsEmpty)
                {
                    rest = bytes[..(int)Math.Min(MostBytesAtOnce, (long)i * sizeof(uint))];
                    random.GetBytes(rest);
                }

                other = BinaryPrimitives.ReadUInt32LittleEndian(rest) & mask;
                rest = rest[sizeof(uint)..];
            }
            while (other > (uint)i);

            (items[i], items[(int)other]) = (items[(int)other], items[i]);
        }

        CryptographicOperations.ZeroMemory(bytes);
    }
}
