using System.Text.Json;

namespace Stip.Client.Tests.Tokenization;

/// <summary>What the reference tokenizer gave for a list of texts.</summary>
internal sealed record GoldenFile(GoldenCase[] Cases, GoldenStream[] Streaming)
{
    public static GoldenFile Read(string path) =>
        JsonSerializer.Deserialize<GoldenFile>(File.ReadAllText(path), Protocol.StipJson.Wire)!;
}
