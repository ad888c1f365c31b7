namespace Stip.Client.Sampling;

/// <summary>
/// A counter-based generator: the number for a position depends on the seed and that position alone, so that a text is
/// the same however its tokens were computed. Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1,
/// 2, 3" (2011).
/// </summary>
internal readonly struct PositionalRandom(ulong seed)
{
    private const uint FirstMultiplier = 0xD2511F53;
    private const uint SecondMultiplier = 0xCD9E8D57;
    private const uint FirstWeyl = 0x9E3779B9;
    private const uint SecondWeyl = 0xBB67AE85;
    private const int Rounds = 10;

    /// <summary>Uniform in [0, 1), in steps of 2⁻⁵³; lanes of one position are independent.</summary>
    public double Uniform(int position, uint lane = 0)
    {
        var (low, high, _, _) = Block((uint)position, lane, 0, 0, (uint)seed, (uint)(seed >> 32));
        return ((((ulong)high << 32) | low) >> 11) * (1.0 / (1UL << 53));
    }

    internal static (uint A, uint B, uint C, uint D) Block(uint a, uint b, uint c, uint d, uint key, uint otherKey)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var first = (ulong)FirstMultiplier * a;
            var second = (ulong)SecondMultiplier * c;
            (a, b) = ((uint)(second >> 32) ^ b ^ key, (uint)second);
            (c, d) = ((uint)(first >> 32) ^ d ^ otherKey, (uint)first);
            key += FirstWeyl;
            otherKey += SecondWeyl;
        }

        return (a, b, c, d);
    }
}
