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
    /// <param name="path">The ONNX file.</param>
    /// <param name="largestCopied">Bytes of a file that is copied whole.</param>
    /// <param name="parse">Makes a model of bytes.</param>
    /// <exception cref="RefusedException">The file is longer than a graph can be.</exception>
    public static (ModelProto Model, string Sha256, MappedFile? File) Read(
        string path, long largestCopied, Func<ReadOnlyMemory<byte>, ModelProto> parse)
    {
        var length = new FileInfo(path).Length;
        if (length > Array.MaxLength)
        {
            throw new RefusedException(
                $"'{path}' has {length} bytes; a graph file has at most {Array.MaxLength}, weights beyond that lie "
                + "beside it");
        }

        // A link may lead out of the folder, where the runtime maps nothing.
        if (length <= largestCopied || new FileInfo(path).LinkTarget is not null)
        {
            var bytes = File.ReadAllBytes(path);
            return (parse(bytes), Convert.ToHexStringLower(SHA256.HashData(bytes)), null);
        }

        var file = new MappedFile(path);
        try
        {
            var (model, sha256) = Read(path, file, parse);
            return (model, sha256, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static (ModelProto Model, string Sha256) Read(
        string path, MappedFile file, Func<ReadOnlyMemory<byte>, ModelProto> parse)
    {
        var all = file.Bytes(0, (int)file.Length);
        var skeleton = GraphSkeleton.Of(all);
        var model = parse(skeleton?.Bytes ?? all.ToArray());
        foreach (var (place, offset, count) in skeleton?.LeftOut ?? [])
        {
            ExternalDataWriter.Point(model.Graph.Initializer[place], Path.GetFileName(path), offset, count);
        }

        return (model, Convert.ToHexStringLower(SHA256.HashData(all)));
    }
}
