using System.Buffers.Binary;

namespace Stip.TestKit.Gguf;

/// <summary>Blocks of random bits whose scales give weights of a wanted size.</summary>
public static class RandomBlocks
{
    private const int BufferBlocks = 1 << 12;

    /// <summary>Writes blocks.</summary>
    /// <param name="stream">Is given whole blocks.</param>
    /// <param name="type">Their type.</param>
    /// <param name="elements">How many elements in all.</param>
    /// <param name="random">Where the bits come from.</param>
    /// <param name="size">Root mean square of the elements, about.</param>
    public static void Write(Stream stream, GgufType type, long elements, Random random, float size)
    {
        var left = elements / type.BlockLength;
        var buffer = new byte[(int)Math.Min(BufferBlocks, left) * type.BlockBytes];
        for (; left > 0; left -= buffer.Length / type.BlockBytes)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length / type.BlockBytes, left) * type.BlockBytes);
            random.NextBytes(part);
            for (var at = 0; at < part.Length; at += type.BlockBytes)
            {
                Finish(part.Slice(at, type.BlockBytes), type, random, size);
            }

            stream.Write(part);
            if (part.Length < buffer.Length)
            {
                return;
            }
        }
    }

    /// <summary>One float32 vector around a centre, e.g. norm weights.</summary>
    public static void WriteVector(Stream stream, int length, Random random, float centre, float size)
    {
        using var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        for (var i = 0; i < length; i++)
        {
            writer.Write(centre + Uniform(random) * size);
        }
    }

    private static void Finish(Span<byte> block, GgufType type, Random random, float size)
    {
        if (type.ScaleAt < 0)
        {
            Plain(block, type.Name, Uniform(random) * size * 1.7f);
            return;
        }

        // Scales differ from block to block, so that one in a wrong place shows.
        var scale = size / type.Spread * (1 + 0.5f * Uniform(random));
        BinaryPrimitives.WriteHalfLittleEndian(block[type.ScaleAt..], (Half)scale);
        if (type.MinimumAt >= 0)
        {
            BinaryPrimitives.WriteHalfLittleEndian(block[type.MinimumAt..], (Half)(scale * type.Shift));
        }
    }

    private static void Plain(Span<byte> element, string type, float value)
    {
        switch (type)
        {
            case "F32":
                BinaryPrimitives.WriteSingleLittleEndian(element, value);
                break;
            case "F16":
                BinaryPrimitives.WriteHalfLittleEndian(element, (Half)value);
                break;
            default:
                BinaryPrimitives.WriteUInt16LittleEndian(
                    element, (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16));
                break;
        }
    }

    private static float Uniform(Random random) => random.NextSingle() * 2 - 1;
}
