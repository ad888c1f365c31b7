using System.Text.Json;
using Stip.Onnx;

namespace Stip.Export.Checkpoints;

/// <summary><c>model.safetensors.index.json</c>: which shard holds which tensor.</summary>
internal static class ShardIndex
{
    /// <returns>Names of the shards, each once.</returns>
    public static IReadOnlyList<string> Load(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var shards = document.RootElement.GetProperty("weight_map").EnumerateObject()
                .Select(entry => entry.Value.GetString() ?? "")
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal)
                .ToList();
            return shards.Find(shard => !IsFileName(shard)) is { } strange
                ? throw new RefusedException($"{path}: shard '{strange}' is not a file name inside the checkpoint")
                : shards;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new RefusedException($"{path} has no weight_map from tensor names to shard files", e);
        }
    }

    private static bool IsFileName(string name) =>
        name is not ("" or "." or "..") && !name.Contains('\0', StringComparison.Ordinal)
        && Path.GetFileName(name) == name;
}
