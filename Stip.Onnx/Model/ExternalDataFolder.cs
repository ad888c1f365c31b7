using System.Globalization;

namespace Stip.Onnx.Model;

/// <summary>
/// The files beside a graph that hold its weights, each mapped once. Nothing outside the folder is opened.
/// </summary>
internal sealed class ExternalDataFolder(string folder) : IDisposable
{
    private readonly string _folder = Path.GetFullPath(folder);
    private readonly Dictionary<string, MappedFile> _files = new(StringComparer.Ordinal);

    /// <summary>Takes over a file that is open already.</summary>
    public void Add(string location, MappedFile file) => _files.Add(location, file);

    /// <summary>Finds the bytes of a tensor.</summary>
    /// <exception cref="RefusedException">The file is missing, outside the folder or too short.</exception>
    public GraphTensor Open(string name, TensorProto proto)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in proto.ExternalData)
        {
            fields[entry.Key] = entry.Value;
        }

        var location = fields.GetValueOrDefault("location") ?? "";
        var file = File(name, location);
        var offset = Number(name, fields, "offset", 0);
        var needed = GraphTensor.ByteCount(proto);
        var length = Number(name, fields, "length", needed);
        if (length != needed)
        {
            throw new RefusedException(
                $"tensor '{name}' claims {length} bytes of external data, its shape asks for {needed}");
        }

        return offset > file.Length - length
            ? throw new RefusedException(
                $"tensor '{name}' needs bytes {offset}..{offset + length} of '{location}', "
                + $"which has {file.Length}: truncated")
            : new GraphTensor(name, proto, file, offset);
    }

    public void Dispose()
    {
        foreach (var file in _files.Values)
        {
            file.Dispose();
        }
    }

    private static long Number(string name, Dictionary<string, string> fields, string key, long absent)
    {
        if (!fields.TryGetValue(key, out var text))
        {
            return absent;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new RefusedException(
                $"tensor '{name}' has external data with {key} '{text}', which is not a number of bytes");
    }

    private MappedFile File(string name, string location)
    {
        if (_files.TryGetValue(location, out var open))
        {
            return open;
        }

        var path = location.Contains('\0') ? "" : Path.GetFullPath(Path.Combine(_folder, location));
        if (location.Length == 0 || Path.IsPathRooted(location) || !IsInside(path, _folder))
        {
            throw new RefusedException(
                $"tensor '{name}' wants external data at '{location}', which is outside the model's folder");
        }

        if (!System.IO.File.Exists(path))
        {
            throw new RefusedException($"tensor '{name}' wants external data in '{location}', which is missing");
        }

        RefuseLinksOutside(name, location, path);
        return _files[location] = new MappedFile(path);
    }

    private void RefuseLinksOutside(string name, string location, string path)
    {
        // The model's folder may be a link itself.
        if (!IsInside(LinkTarget.Real(path), LinkTarget.Real(_folder)))
        {
            throw new RefusedException(
                $"tensor '{name}' wants external data at '{location}', a link out of the model's folder");
        }
    }

    private static bool IsInside(string path, string folder) =>
        path.StartsWith(
            Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
