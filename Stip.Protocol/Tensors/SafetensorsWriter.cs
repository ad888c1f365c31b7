namespace Stip.Protocol.Tensors;

/// <summary>Writes safetensors: every tensor is declared first, then their bytes follow in the same order.</summary>
public static class SafetensorsWriter
{
    /// <summary>A tensor to be written: its declaration and what writes its bytes.</summary>
    /// <param name="Name">Name in the file.</param>
    /// <param name="Dtype">Element type.</param>
    /// <param name="Shape">Lengths of its axes.</param>
    /// <param name="WriteTo">Writes exactly the bytes that dtype and shape ask for.</param>
    public sealed record Source(string Name, TensorDtype Dtype, IReadOnlyList<long> Shape, Action<Stream> WriteTo)
    {
        /// <summary>A tensor whose bytes are in memory.</summary>
        public static Source FromBytes(
            string name, TensorDtype dtype, IReadOnlyList<long> shape, ReadOnlyMemory<byte> bytes) =>
            new(name, dtype, shape, stream => stream.Write(bytes.Span));
    }

    /// <summary>Writes a whole file to a stream.</summary>
    /// <exception cref="InvalidOperationException">A source wrote another number of bytes than it declared.</exception>
    public static void Write(
        Stream stream, IReadOnlyList<Source> sources, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var entries = Declare(sources);
        stream.Write(SafetensorsHeader.Format(entries, metadata));
        foreach (var (source, entry) in sources.Zip(entries))
        {
            var before = stream.CanSeek ? stream.Position : 0;
            source.WriteTo(stream);
            if (stream.CanSeek && stream.Position - before != entry.ByteLength)
            {
                throw new InvalidOperationException(
                    $"tensor '{source.Name}' wrote {stream.Position - before} bytes of {entry.ByteLength}");
            }
        }
    }

    /// <summary>Writes a whole file to memory.</summary>
    /// <exception cref="InvalidOperationException">A source wrote another number of bytes than it declared.</exception>
    public static byte[] ToBytes(IReadOnlyList<Source> sources, IReadOnlyDictionary<string, string>? metadata = null)
    {
        // Room for all of it at once: a stream that grows holds it twice, and again for the answer.
        var last = Declare(sources).LastOrDefault();
        using var stream = new MemoryStream(
            checked((int)(Header(sources, metadata).Length + (last is null ? 0 : last.Offset + last.ByteLength))));
        Write(stream, sources, metadata);
        return stream.TryGetBuffer(out var whole) && whole.Count == whole.Array!.Length
            ? whole.Array
            : stream.ToArray();
    }

    /// <summary>Makes what stands before the bytes of the tensors, which follow in their order.</summary>
    public static byte[] Header(IReadOnlyList<Source> sources, IReadOnlyDictionary<string, string>? metadata = null) =>
        SafetensorsHeader.Format(Declare(sources), metadata);

    private static SafetensorsEntry[] Declare(IReadOnlyList<Source> sources)
    {
        var offset = 0L;
        return sources.Select(source =>
        {
            var bytes = source.Shape.Aggregate(
                (long)source.Dtype.ByteSize(), (product, length) => checked(product * length));
            var entry = new SafetensorsEntry(source.Name, source.Dtype, source.Shape, offset, bytes);
            offset += bytes;
            return entry;
        }).ToArray();
    }
}
