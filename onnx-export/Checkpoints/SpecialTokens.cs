namespace Stip.Export.Checkpoints;

/// <summary>Tokens that start and end a text.</summary>
/// <param name="Bos">The first token, where there is one.</param>
/// <param name="Eos">Tokens that end a text; empty where there are none.</param>
internal sealed record SpecialTokens(int? Bos, IReadOnlyList<int> Eos)
{
    private const string GenerationFile = "generation_config.json";

    /// <summary>Reads generation_config.json before config.json: the first says what generation stops at. A model of
    /// several parts may say it in its text part only.</summary>
    public static SpecialTokens Read(Checkpoint checkpoint)
    {
        var generation = checkpoint.Files.Find(GenerationFile) is { } bytes
            ? ConfigJson.Parse(GenerationFile, bytes)
            : null;
        var text = checkpoint.Config.Section("text_config");
        var bos = Find("bos_token_id");
        var eos = Find("eos_token_id");
        return new SpecialTokens(bos is [var first, ..] ? first : null, eos ?? []);

        IReadOnlyList<int>? Find(string name) =>
            generation?.TokenIds(name) ?? checkpoint.Config.TokenIds(name) ?? text?.TokenIds(name);
    }
}
