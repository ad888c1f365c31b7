using System.Text.Json;

namespace Stip.Onnx.Packages;

/// <summary>
/// What files beside a graph of another exporter say of it: Hugging Face's <c>generation_config.json</c> and
/// <c>config.json</c>, and <c>genai_config.json</c> of ONNX Runtime.
/// </summary>
/// <param name="BosTokenId">Token that starts a text, null where none is said.</param>
/// <param name="EosTokenIds">Tokens that end a text.</param>
/// <param name="ContextLength">Most positions, null where nothing is said.</param>
internal sealed record SourceSettings(int? BosTokenId, IReadOnlyList<int> EosTokenIds, int? ContextLength)
{
    // The first says what generation stops at.
    private static readonly string[] Files = ["generation_config.json", "genai_config.json", "config.json"];

    private static readonly string[] Sections = ["model", "text_config"];

    private static readonly string[] Lengths =
        ["max_position_embeddings", "n_positions", "context_length", "max_seq_len", "max_sequence_length"];

    /// <summary>Reads what is there; nothing where there are no such files.</summary>
    /// <exception cref="RefusedException">A file is no JSON.</exception>
    public static SourceSettings Read(string folder)
    {
        JsonElement[] all = [.. Files.Select(name => Path.Combine(folder, name)).Where(File.Exists).Select(Parse)
            .SelectMany(root => Sections.Select(name => Member(root, name)).OfType<JsonElement>().Prepend(root))];
        return new SourceSettings(
            Numbers(all, "bos_token_id").Cast<int?>().FirstOrDefault(),
            Numbers(all, "eos_token_id"),
            Lengths.SelectMany(name => Numbers(all, name)).Where(length => length > 0).Cast<int?>().FirstOrDefault());
    }

    /// <summary>A manifest with the special tokens that are said here.</summary>
    public ExportManifest ApplyTo(ExportManifest manifest) => manifest with
    {
        BosTokenId = BosTokenId ?? manifest.BosTokenId,
        EosTokenIds = EosTokenIds.Count > 0 ? EosTokenIds : manifest.EosTokenIds,
    };

    private static int[] Numbers(JsonElement[] all, string name) => all.Select(part => Member(part, name) switch
    {
        { ValueKind: JsonValueKind.Number } one when one.TryGetInt32(out var number) => [number],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray()
            .Where(item => item.ValueKind == JsonValueKind.Number)
            .SelectMany(item => item.TryGetInt32(out var number) ? new[] { number } : [])],
        _ => Array.Empty<int>(),
    }).FirstOrDefault(numbers => numbers.Length > 0, []);

    private static JsonElement? Member(JsonElement part, string name) =>
        part.ValueKind == JsonValueKind.Object && part.TryGetProperty(name, out var value) ? value : null;

    private static JsonElement Parse(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new RefusedException($"'{path}' is not JSON: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
