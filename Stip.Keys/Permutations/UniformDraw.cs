using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Stip.Keys.Permutations;

/// <summary>Unbiased draws from a source of random bytes.</summary>
public static class UniformDraw
{
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
        for (var i = items.Length - 1; i > 0; i--)
        {
            var other = Below(i + 1, random);
            (items[i], items[other]) = (items[other], items[i]);
        }
    }
}
