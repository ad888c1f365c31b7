using System.CommandLine;
using Stip.Client.Sound;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary><c>--audio</c>: a file of the user's.</summary>
internal static class AudioOption
{
    private const long MostBytes = 1L << 30;

    public static Option<string> Create() => new("--audio")
    {
        Description = "WAV file: PCM of 8 to 32 bits or floats, any rate, channels are mixed.",
        Required = true,
    };

    /// <summary>Reads the file.</summary>
    public static Waveform Read(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new RefusedException($"--audio {path} is not there");
        }

        return file.Length <= MostBytes
            ? WaveReader.Decode(File.ReadAllBytes(path))
            : throw new RefusedException($"--audio {path} has {file.Length} bytes; at most {MostBytes} are read");
    }
}
