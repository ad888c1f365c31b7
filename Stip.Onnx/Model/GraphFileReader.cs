using System.Security.Cryptography;

namespace Stip.Onnx.Model;

/// <summary>
/// Reads a graph file. Large weights inside it are not copied: the file becomes its own external data, which ONNX
/// Runtime maps as well.
/// </summary>
internal static class GraphFileReader
{
    /// <summary>Files up to this many bytes are copied whole, and what is made of them holds its weights inside as
    /// well.</summary>
    public const long LargestCopied = 32L << 20;

    /// <summary>Reads a model and the SHA-256 of its file; that file, mapped, where weights are left in it: what was
    /// hashed is what is read, even if another file takes its name.</summary>
    /// <param name="path">The ONNX file, or a link to it.</param>
    /// <param name="largestCopied">Bytes of a file that is copied whole.</param>
    /// <param name="parse">Makes a model of bytes.</param>
    /// <exception cref="RefusedException">The file is longer than a graph can be.</exception>
    public static (ModelProto Model, string Sha256, MappedFile? File) Read(
        string path, long largestCopied, Func<ReadOnlyMemory<byte>, ModelProto> parse)
    {
        var length = LengthOf(path);
        if (length > Array.MaxLength)
        {
            throw new RefusedException(
                $"'{path}' has {length} bytes; a graph file has at most {Array.MaxLength}, weights beyond that lie "
                + "beside it");
        }

        return (length > largestCopied ? Mapped(path, parse) : null) ?? Copied(path, parse);
    }

    // Of the file itself: that of a link is the length of its target's name.
    private static long LengthOf(string path)
    {
        using var handle = File.OpenHandle(path);
        return RandomAccess.GetLength(handle);
    }

    private static (ModelProto Model, string Sha256, MappedFile? File) Copied(
        string path, Func<ReadOnlyMemory<byte>, ModelProto> parse)
    {
        var bytes = File.ReadAllBytes(path);
        return (parse(bytes), Convert.ToHexStringLower(SHA256.HashData(bytes)), null);
    }

    // Null where weights lie beside the link: the runtime maps files of one folder only, and the graph's is another.
    // Where nobody can tell what a link leads to either.
    private static (ModelProto Model, string Sha256, MappedFile? File)? Mapped(
        string path, Func<ReadOnlyMemory<byte>, ModelProto> parse)
    {
        var held = LinkTarget.Of(path);
        if (!File.Exists(held))
        {
            return null;
        }

        var file = new MappedFile(held);
        try
        {
            var (model, sha256, hasOthers) = Read(held, file, parse);
            if (held == path || !hasOthers)
            {
                return (model, sha256, file);
            }

            file.Dispose();
            return null;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static (ModelProto Model, string Sha256, bool HasOthers) Read(
        string path, MappedFile file, Func<ReadOnlyMemory<byte>, ModelProto> parse)
    {
        var all = file.Bytes(0, (int)file.Length);
        var skeleton = GraphSkeleton.Of(all);
        var model = parse(skeleton?.Bytes ?? all.ToArray());
        var hasOthers = ModelFile.TensorsOf(model)
            .Any(entry => entry.Tensor.DataLocation == TensorProto.Types.DataLocation.External);
        foreach (var (place, offset, count) in skeleton?.LeftOut ?? [])
        {
            ExternalDataWriter.Point(model.Graph.Initializer[place], Path.GetFileName(path), offset, count);
        }

        return (model, Convert.ToHexStringLower(SHA256.HashData(all)), hasOthers);
    }
}
