using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using Stip.Keys.Permutations;

namespace Stip.Keys.Owner;

/// <summary>
/// Permutations as a safetensors file of int32 vectors. It is written here and not by Stip.Protocol because nothing
/// that
/// the server shares code with may hold keys.
/// </summary>
internal static class PermutationFile
{
    private const int PrefixBytes = 8;
    private const int MaxHeaderBytes = 100_000_000;

    public static byte[] Format(IReadOnlyList<Permutation> permutations)
    {
        var offset = 0L;
        var header = new Dictionary<string, Entry>();
        for (var i = 0; i < permutations.Count; i++)
        {
            var end = offset + (permutations[i].Length * (long)sizeof(int));
            header.Add(Name(i), new Entry("I32", [permutations[i].Length], [offset, end]));
            offset = end;
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(header, OwnerJson.Options);
        var padded = (json.Length + 7) / 8 * 8;
        var bytes = new byte[checked(PrefixBytes + padded + (int)offset)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)padded);
        bytes.AsSpan(PrefixBytes, padded).Fill((byte)' ');
        json.CopyTo(bytes, PrefixBytes);
        var data = bytes.AsSpan(PrefixBytes + padded);
        foreach (var permutation in permutations)
        {
            foreach (var target in permutation.Targets)
            {
                BinaryPrimitives.WriteInt32LittleEndian(data, target);
                data = data[sizeof(int)..];
            }
        }

        return bytes;
    }

    /// <exception cref="InvalidDataException">The file is not one that <see cref="Format"/> writes.</exception>
    public static IReadOnlyList<Permutation> Parse(ReadOnlySpan<byte> bytes)
    {
        var length = bytes.Length < PrefixBytes ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        if (length == 0 || length > (ulong)Math.Min(bytes.Length - PrefixBytes, MaxHeaderBytes))
        {
            throw new InvalidDataException($"key file: header length {length} does not fit {bytes.Length} bytes");
        }

        try
        {
            var header = JsonSerializer.Deserialize<Dictionary<string, Entry>>(
                bytes.Slice(PrefixBytes, (int)length), OwnerJson.Options) ?? [];
            var permutations = new Permutation[header.Count];
            for (var i = 0; i < permutations.Length; i++)
            {
                permutations[i] = Parse(header[Name(i)], bytes[(PrefixBytes + (int)length)..]);
            }

            return permutations;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException("key file: damaged, or not a list of permutations", e);
        }
    }

    private static Permutation Parse(Entry entry, ReadOnlySpan<byte> data)
    {
        // What JSON leaves out is null whatever its type says.
        if (entry is not { DataOffsets: [var start, var end] })
        {
            throw new InvalidDataException("key file: a permutation without its place");
        }

        var bytes = data[checked((int)start)..checked((int)end)];
        var targets = new int[bytes.Length / sizeof(int)];
        for (var i = 0; i < targets.Length; i++)
        {
            targets[i] = BinaryPrimitives.ReadInt32LittleEndian(bytes[(i * sizeof(int))..]);
        }

        return Permutation.FromTargets(targets);
    }

    private static string Name(int index) => string.Create(CultureInfo.InvariantCulture, $"permutation.{index}");

    private sealed record Entry(string Dtype, long[] Shape, long[] DataOffsets);
}
