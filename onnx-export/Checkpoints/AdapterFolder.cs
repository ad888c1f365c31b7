using Stip.Onnx;

namespace Stip.Export.Checkpoints;

/// <summary>A folder that holds an adapter only, and says which checkpoint it belongs to.</summary>
internal static class AdapterFolder
{
    private const string ConfigFile = "config.json";

    /// <summary>The checkpoint that an adapter's folder names; null where the folder is no adapter's.</summary>
    /// <exception cref="RefusedException">The base is not a folder on this machine.</exception>
    public static string? BaseOf(string folder)
    {
        if (!File.Exists(Path.Combine(folder, LoraConfig.FileName)) || File.Exists(Path.Combine(folder, ConfigFile)))
        {
            return null;
        }

        var named = LoraConfig.Load(folder).BaseModel ?? "";
        string[] places = [named, Path.Combine(folder, named)];
        return named.Length > 0 && Array.Find(places, IsCheckpoint) is { } found
            ? found
            : throw new RefusedException(
                $"{folder} is an adapter for '{named}', which is not a folder here; give the checkpoint with "
                + "--checkpoint and this folder with --adapter");
    }

    private static bool IsCheckpoint(string folder) => File.Exists(Path.Combine(folder, ConfigFile));
}
