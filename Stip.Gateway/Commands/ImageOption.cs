using System.CommandLine;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary><c>--image</c>: a file of the user's.</summary>
internal static class ImageOption
{
    private const long MostBytes = 64 << 20;

    public static Option<string?> Create() => new("--image") { Description = "PNG, JPEG, WebP, GIF or BMP file." };

    /// <summary>Reads the file.</summary>
    public static byte[] Read(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new RefusedException($"--image {path} is not there");
        }

        return file.Length <= MostBytes
            ? File.ReadAllBytes(path)
            : throw new RefusedException($"--image {path} has {file.Length} bytes; at most {MostBytes} are read");
    }
}
