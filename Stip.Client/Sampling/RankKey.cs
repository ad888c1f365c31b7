namespace Stip.Client.Sampling;

/// <summary>One number for a token and its logit, whose rising order is falling logits, then rising ids.</summary>
internal static class RankKey
{
    private const uint Sign = 0x8000_0000;

    public static ulong Of(float logit, int id)
    {
        // Adding zero makes of minus zero the same zero.
        var bits = BitConverter.SingleToUInt32Bits(logit + 0f);
        var rising = (bits & Sign) != 0 ? ~bits : bits | Sign;
        return ((ulong)~rising << 32) | (uint)id;
    }

    public static int Id(ulong key) => (int)(uint)key;

    public static float Logit(ulong key)
    {
        var rising = ~(uint)(key >> 32);
        return BitConverter.UInt32BitsToSingle((rising & Sign) != 0 ? rising & ~Sign : ~rising);
    }
}
