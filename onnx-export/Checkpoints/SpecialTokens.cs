namespace Stip.Export.Checkpoints;

/// <summary>Tokens that start and end a text.</summary>
/// <param name="Bos">The first token, where there is one.</param>
/// <param name="Eos">Tokens that end a text; empty where there are none.</param>
internal sealed record SpecialTokens(int? Bos, IReadOnlyList<int> Eos)
{
    private const string GenerationFile = "generation_config.json";

    /// <summary>Reads generation_config.json before config.json: the first says what generation stops at.</summary>
    public static SpecialTokens Read(Checkpoint checkpoint)
    {
        var generation = checkpoint.Files.Find(GenerationFile) is { } bytes
            ? ConfigJson.Parse(GenerationFile, bytes)
            : null;
        var bos = generation?.TokenIds("bos_token_id") ?? checkpoint.Config.TokenIds("bos_token_id");
        var eos = generation?.TokenIds("eos_token_id") ?? checkpoint.Config.TokenIds("eos_token_id");
        return new SpecialTokens(bos is [var first, ..] ? first : null, eos ?? []);
    }
}
