using System.Text.Json;
using Stip.Protocol.Tensors;

namespace Stip.Export.Tests.Commands;

/// <summary>Other spellings of a checkpoint: in two shards, or under other tensor names.</summary>
internal static class ShardedCheckpoint
{
    public static string Split(string source, string target)
    {
        Directory.CreateDirectory(target);
        File.WriteAllBytes(Path.Combine(target, "config.json"), File.ReadAllBytes(Path.Combine(source, "config.json")));
        using var file = SafetensorsFile.Open(Path.Combine(source, "model.safetensors"));
        var shards = file.Header.Entries.Values
            .OrderBy(entry => entry.Name, StringComparer.Ordinal)
            .Select((entry, i) => (Entry: entry, Shard: $"model-0000{i % 2 + 1}-of-00002.safetensors"))
            .ToLookup(pair => pair.Shard, pair => pair.Entry);
        foreach (var shard in shards)
        {
            Write(file, Path.Combine(target, shard.Key), shard, name => name);
        }

        var map = shards.SelectMany(shard => shard.Select(entry => (entry.Name, shard.Key))).ToDictionary();
        File.WriteAllBytes(
            Path.Combine(target, "model.safetensors.index.json"),
            JsonSerializer.SerializeToUtf8Bytes(new { weight_map = map }));
        return target;
    }

    public static void Rewrite(string source, string target, Func<string, string> rename)
    {
        using var file = SafetensorsFile.Open(source);
        Write(file, target, file.Header.Entries.Values, rename);
    }

    private static void Write(
        SafetensorsFile file, string path, IEnumerable<SafetensorsEntry> entries, Func<string, string> rename)
    {
        using var stream = File.Create(path);
        SafetensorsWriter.Write(stream, [.. entries.Select(entry => SafetensorsWriter.Source.FromBytes(
            rename(entry.Name), entry.Dtype, entry.Shape, file.Bytes(entry.Name).ToArray()))]);
    }
}
