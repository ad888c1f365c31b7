using Stip.Onnx;
using Stip.Onnx.Model;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>
/// A GGUF file (versions 2 and 3), whole or split into parts: metadata and tensor table in memory, tensors mapped.
/// Nothing in it is believed before it was compared with the length of the file.
/// </summary>
internal sealed class GgufFile : IDisposable
{
    private const uint Magic = 0x46554747; // "GGUF"
    private const uint OldestVersion = 2;
    private const uint NewestVersion = 3;
    private const int DefaultAlignment = 32;
    private const int MostAxes = 4;
    private const int LeastEntryBytes = 13;
    private const int LeastTensorBytes = 32;

    private readonly IReadOnlyList<MappedFile> _parts;

    private GgufFile(
        IReadOnlyList<MappedFile> parts, GgufMetadata metadata, IReadOnlyDictionary<string, GgufTensorInfo> tensors) =>
        (_parts, Metadata, Tensors) = (parts, metadata, tensors);

    public GgufMetadata Metadata { get; }

    /// <summary>The tensor table by name.</summary>
    public IReadOnlyDictionary<string, GgufTensorInfo> Tensors { get; }

    /// <param name="path">The file; of a split one any part, whose neighbours are opened with it.</param>
    /// <exception cref="RefusedException">The file is damaged, or holds what cannot be read.</exception>
    public static GgufFile Open(string path)
    {
        var file = OpenPart(path);
        try
        {
            return GgufParts.Names(file.Metadata, path) is { } names ? Join(file, path, names) : file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Bytes of a tensor, from <paramref name="offset"/> inside it on.</summary>
    public ReadOnlySpan<byte> Bytes(GgufTensorInfo tensor, long offset, int count) =>
        _parts[tensor.Part].Bytes(tensor.Offset + offset, count);

    public void Dispose()
    {
        foreach (var part in _parts)
        {
            part.Dispose();
        }
    }

    // The first part has the metadata.
    private static GgufFile Join(GgufFile given, string path, IReadOnlyList<string> names)
    {
        var parts = new List<GgufFile>();
        try
        {
            foreach (var name in names)
            {
                parts.Add(name == path ? given : OpenPart(name));
            }

            GgufParts.RefuseUnlessWhole(parts, names);
            var tensors = new Dictionary<string, GgufTensorInfo>(StringComparer.Ordinal);
            foreach (var (tensor, part) in parts.SelectMany((part, at) => part.Tensors.Values.Select(t => (t, at))))
            {
                if (!tensors.TryAdd(tensor.Name, tensor with { Part = part }))
                {
                    throw new RefusedException(
                        $"{Path.GetFileName(names[part])} has tensor '{tensor.Name}', which an earlier part has");
                }
            }

            return new GgufFile([.. parts.SelectMany(part => part._parts)], parts[0].Metadata, tensors);
        }
        catch
        {
            foreach (var part in parts.Where(part => part != given))
            {
                part.Dispose();
            }

            throw;
        }
    }

    private static GgufFile OpenPart(string path)
    {
        var file = new MappedFile(path);
        try
        {
            return Read(file, Path.GetFileName(path));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static GgufFile Read(MappedFile file, string name)
    {
        var cursor = new GgufCursor(file, name);
        if (file.Length < sizeof(uint) || cursor.Read<uint>("magic") != Magic)
        {
            throw cursor.Refused("is not a GGUF file: it does not start with 'GGUF'");
        }

        var version = cursor.Read<uint>("version");
        if (version is < OldestVersion or > NewestVersion)
        {
            throw cursor.Refused(
                $"is of GGUF version {version} (big-endian where this is large); versions {OldestVersion} and "
                + $"{NewestVersion}, little-endian, can be read");
        }

        var tensorCount = cursor.Count("tensors", LeastTensorBytes);
        var entryCount = cursor.Count("metadata entries", LeastEntryBytes);
        var metadata = ReadMetadata(cursor, name, entryCount);
        var table = ReadTable(cursor, tensorCount);
        var alignment = metadata.Integer("general.alignment") ?? DefaultAlignment;
        if (alignment < 1 || !int.IsPow2(alignment))
        {
            throw cursor.Refused($"has a general.alignment of {alignment}; it must be a power of two");
        }

        var start = (cursor.Position + alignment - 1) / alignment * alignment;
        return new GgufFile([file], metadata, Place(cursor, table, start, file.Length, alignment));
    }

    private static GgufMetadata ReadMetadata(GgufCursor cursor, string name, int count)
    {
        var values = new Dictionary<string, object>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var key = cursor.Text("metadata key");
            if (!values.TryAdd(key, GgufValues.Read(cursor, key)))
            {
                throw cursor.Refused($"has {key} twice");
            }
        }

        return new GgufMetadata(name, values);
    }

    private static List<GgufTensorInfo> ReadTable(GgufCursor cursor, int count)
    {
        var table = new List<GgufTensorInfo>();
        for (var i = 0; i < count; i++)
        {
            var name = cursor.Text("tensor name");
            var rank = cursor.Read<uint>($"rank of '{name}'");
            if (rank is 0 or > MostAxes)
            {
                throw cursor.Refused($"gives tensor '{name}' {rank} axes; there may be 1..{MostAxes}");
            }

            var shape = new long[rank];
            for (var axis = (int)rank - 1; axis >= 0; axis--)
            {
                shape[axis] = cursor.Read<long>($"shape of '{name}'");
            }

            var number = cursor.Read<uint>($"type of '{name}'");
            var type = GgmlType.Find(number) ?? throw cursor.Refused(
                $"has tensor '{name}' of type {GgmlType.Describe(number)}; there are {GgmlType.Supported}");
            table.Add(new GgufTensorInfo(name, type, shape, cursor.Read<long>($"offset of '{name}'")));
        }

        return table;
    }

    private static Dictionary<string, GgufTensorInfo> Place(
        GgufCursor cursor, List<GgufTensorInfo> table, long start, long end, int alignment)
    {
        var tensors = new Dictionary<string, GgufTensorInfo>(StringComparer.Ordinal);
        foreach (var tensor in table)
        {
            RefuseMisfit(cursor, tensor, end - start, alignment);
            if (!tensors.TryAdd(tensor.Name, tensor with { Offset = start + tensor.Offset }))
            {
                throw cursor.Refused($"has tensor '{tensor.Name}' twice");
            }
        }

        return tensors;
    }

    private static void RefuseMisfit(GgufCursor cursor, GgufTensorInfo tensor, long available, int alignment)
    {
        var shape = $"[{string.Join(", ", tensor.Shape)}]";
        var elements = (Int128)1;
        foreach (var length in tensor.Shape)
        {
            elements = length is >= 1 and <= int.MaxValue
                ? elements * length
                : throw cursor.Refused(
                    $"gives tensor '{tensor.Name}' the shape {shape}; lengths are 1..{int.MaxValue}");
        }

        if (tensor.Shape[^1] % tensor.Type.BlockLength != 0)
        {
            throw cursor.Refused($"gives tensor '{tensor.Name}' of type {tensor.Type.Name} the shape {shape}; its rows "
                + $"must be whole blocks of {tensor.Type.BlockLength}");
        }

        var bytes = elements / tensor.Type.BlockLength * tensor.Type.BlockBytes;
        if (tensor.Offset < 0 || tensor.Offset % alignment != 0)
        {
            throw cursor.Refused(
                $"puts tensor '{tensor.Name}' at {tensor.Offset}; offsets are multiples of {alignment}");
        }

        if (bytes > available - tensor.Offset)
        {
            throw cursor.Refused($"is truncated: tensor '{tensor.Name}' needs bytes {tensor.Offset}.."
                + $"{tensor.Offset + bytes} of {Math.Max(available, 0)}");
        }
    }
}
