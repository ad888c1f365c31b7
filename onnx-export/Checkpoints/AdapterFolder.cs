using Stip.Onnx;

namespace Stip.Export.Checkpoints;

/// <summary>A folder that holds an adapter only, and says which checkpoint it belongs to.</summary>
internal static class AdapterFolder
{
    private const string ConfigFile = "config.json";

    /// <summary>The checkpoint that an adapter's folder names; null where the folder is no adapter's.</summary>
    /// <exception cref="RefusedException">The base does not lie inside the adapter's folder.</exception>
    public static string? BaseOf(string folder)
    {
        if (!File.Exists(Path.Combine(folder, LoraConfig.FileName)) || File.Exists(Path.Combine(folder, ConfigFile)))
        {
            return null;
        }

        var named = LoraConfig.Load(folder).BaseModel ?? "";
        var inside = Path.Combine(folder, named);
        return named.Length > 0 && InnerFolder.Holds(folder, named) && File.Exists(Path.Combine(inside, ConfigFile))
            ? inside
            : throw new RefusedException(
                $"{folder} is an adapter for '{named}', which is not a checkpoint inside this folder; give the "
                + "checkpoint with --checkpoint and this folder with --adapter");
    }
}
