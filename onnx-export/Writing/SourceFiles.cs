using Stip.Export.Checkpoints;
using Stip.Onnx.Packages;

namespace Stip.Export.Writing;

/// <summary>Files of the checkpoint that a client needs as they are.</summary>
internal static class SourceFiles
{
    /// <summary>Copies the contents of those that exist: a read-only source must not make a read-only copy.</summary>
    public static void Copy(ISmallFiles from, string to)
    {
        foreach (var name in SourceFileNames.All)
        {
            if (from.Find(name) is { } bytes)
            {
                var path = Path.Combine(to, name);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllBytes(path, bytes);
            }
        }
    }
}
