using System.Runtime.InteropServices;
using Stip.Protocol.Tensors;

namespace Stip.TestKit;

/// <summary>One case of a checkpoint's golden.safetensors, computed by transformers in float32.</summary>
/// <param name="InputIds">The prompt.</param>
/// <param name="Logits">Logits <c>[n, vocab]</c>, null where the case has none.</param>
/// <param name="Generated">The greedy continuation.</param>
public sealed record ReferenceCase(long[] InputIds, float[]? Logits, long[] Generated)
{
    /// <summary>Every case of a checkpoint in tests/data/checkpoints or samples/models.</summary>
    public static IReadOnlyList<ReferenceCase> Load(string checkpointFolder) =>
        LoadFile(Path.Combine(checkpointFolder, "golden.safetensors"));

    /// <summary>Every case of a GGUF file.</summary>
    public static IReadOnlyList<ReferenceCase> LoadGguf(string path) => LoadFile(GoldenOf(path));

    /// <summary>What lies beside a GGUF file <c>NAME-TYPE.gguf</c>: <c>golden-TYPE.safetensors</c>.</summary>
    public static string GoldenOf(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        var type = name[(name.IndexOf('-', StringComparison.Ordinal) + 1)..];
        return Path.Combine(Path.GetDirectoryName(path)!, $"golden-{type}.safetensors");
    }

    private static IReadOnlyList<ReferenceCase> LoadFile(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var names = file.Header.Entries.Keys.Select(name => name.Split('.')[0]).Distinct()
            .Order(StringComparer.Ordinal);
        return [.. names.Select(name => new ReferenceCase(
            Read<long>(file, $"{name}.input_ids")!,
            Read<float>(file, $"{name}.logits"),
            Read<long>(file, $"{name}.generated")!))];
    }

    private static T[]? Read<T>(SafetensorsFile file, string name)
        where T : unmanaged =>
        file.Header.Entries.ContainsKey(name) ? MemoryMarshal.Cast<byte, T>(file.Bytes(name)).ToArray() : null;
}
