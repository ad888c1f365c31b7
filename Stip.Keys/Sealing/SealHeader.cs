using System.Text.Json;
using System.Text.Json.Serialization;

namespace Stip.Keys.Sealing;

/// <summary>What stands in front of a sealed bundle in plain text; every chunk is bound to it.</summary>
/// <param name="Format">Always <see cref="CurrentFormat"/>.</param>
/// <param name="Model">Id of the model.</param>
/// <param name="Instance">Random id of its set of keys.</param>
/// <param name="KeyEpoch">Counts key rotations.</param>
/// <param name="Lock">Who can open it.</param>
/// <param name="Files">In the order of their chunks.</param>
public sealed record SealHeader(
    string Format,
    string Model,
    string Instance,
    int KeyEpoch,
    SealLock Lock,
    IReadOnlyList<SealHeader.SealedFile> Files)
{
    /// <summary>Value of <see cref="Format"/>.</summary>
    public const string CurrentFormat = "stip-sealed/1";

    private const int MostBytes = 1 << 20;
    private static readonly byte[] Magic = "STIPSEAL"u8.ToArray();
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    internal static void Write(Stream output, byte[] header)
    {
        output.Write(Magic);
        output.Write(BitConverter.GetBytes(header.Length));
        output.Write(header);
    }

    /// <returns>The header and its bytes.</returns>
    internal static (SealHeader Header, byte[] Bytes) Read(Stream input, string path)
    {
        try
        {
            Span<byte> start = stackalloc byte[Magic.Length + sizeof(int)];
            input.ReadExactly(start);
            var length = BitConverter.ToInt32(start[Magic.Length..]);
            if (!start[..Magic.Length].SequenceEqual(Magic) || length is < 2 or > MostBytes)
            {
                throw new SealException($"{path} is not a sealed bundle");
            }

            var bytes = new byte[length];
            input.ReadExactly(bytes);
            var header = JsonSerializer.Deserialize<SealHeader>(bytes, Json);
            return header is { Format: CurrentFormat, Lock: not null, Files: not null }
                && header.Files.All(file => file is { Bytes: >= 0 })
                && header.Files.Aggregate(0m, (sum, file) => sum + file.Bytes) <= long.MaxValue
                && SealedPaths.AreAllowed(header.Files.Select(file => file.Path))
                && header.Files.Any(file => file.Bytes > 0) // whose tag vouches for this header
                ? (header, bytes)
                : throw new SealException($"{path} is not of the form {CurrentFormat}");
        }
        catch (Exception fault) when (fault is EndOfStreamException or JsonException)
        {
            throw new SealException($"{path} is not a sealed bundle", fault);
        }
    }

    /// <summary>One file of a bundle.</summary>
    /// <param name="Path">Inside the bundle, with forward slashes.</param>
    /// <param name="Bytes">Its length.</param>
    public sealed record SealedFile(string Path, long Bytes);
}
