namespace Stip.Bench.Models;

/// <summary>Models with random weights, made where they are needed: sizes that no checkpoint of the repository has.
/// </summary>
internal static class RandomModels
{
    /// <summary>25M weights in six layers and two small tables: the size of the figures.</summary>
    public const string Llama25M = "random-25m";

    /// <summary>The width and the vocabulary of a 7B model in one thin layer, float16 rows: for bytes on the wire.
    /// </summary>
    public const string Wide = "random-wide";

    /// <summary>An encoder and a decoder of T5-small's shape.</summary>
    public const string T5Small = "random-t5-60m";

    private static readonly Dictionary<string, ModelShape> Shapes = new()
    {
        ["random-4m"] = ModelShape.Llama(256, 688, 4, 4, 2, 2048, 1024),
        [Llama25M] = ModelShape.Llama(512, 1376, 6, 8, 4, 8192, 4096),
        [Wide] = ModelShape.Llama(4096, 256, 1, 32, 1, 32_000, 256, "float16"),
        [T5Small] = ModelShape.T5(512, 2048, 6, 8, 32_128),
        ["random-gpt2-124m"] = ModelShape.Gpt2(768, 12, 12),
        ["random-gpt2-355m"] = ModelShape.Gpt2(1024, 24, 16),
        ["random-1.1b"] = ModelShape.Llama(2048, 5632, 22, 32, 4, 32_000, 2048, "float16"),
        ["random-1.1b-scaled"] = ModelShape.Llama(256, 704, 4, 8, 2, 2048, 512),
    };

    public static IEnumerable<string> Names => Shapes.Keys;

    /// <summary>Null for a checkpoint.</summary>
    public static ModelShape? Find(string name) => Shapes.GetValueOrDefault(name);
}
