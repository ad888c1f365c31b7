using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Onnx;

namespace Stip.Export.Checkpoints;

/// <summary>
/// generation_config.json of an encoder with a decoder: which tokens an answer begins with. Older folders say it in
/// config.json, which stays with the developer.
/// </summary>
internal static class GenerationFile
{
    public const string Name = "generation_config.json";

    private const string Start = "decoder_start_token_id";

    private static readonly string[] Fields =
    [
        Start, "forced_bos_token_id", "forced_eos_token_id", "forced_decoder_ids", "suppress_tokens",
        "begin_suppress_tokens", "bad_words_ids", "bos_token_id", "eos_token_id", "pad_token_id", "max_length",
        "min_length", "no_repeat_ngram_size",
    ];

    /// <summary>The bytes of the file, with what config.json says where there is none; null where there is neither, or
    /// nothing to say.</summary>
    public static byte[]? Find(ISmallFiles files)
    {
        var own = files.Find(Name);
        if (files.Find("config.json") is not { } config || Read("config.json", config) is not { } said
            || said[Start] is null)
        {
            return own;
        }

        var made = own is null ? new JsonObject() : Read(Name, own);
        if (made is null || made.ContainsKey(Start))
        {
            return own;
        }

        foreach (var name in own is null ? Fields.Where(field => said[field] is not null) : [Start])
        {
            made[name] = said[name]!.DeepClone();
        }

        return JsonSerializer.SerializeToUtf8Bytes(made);
    }

    private static JsonObject? Read(string name, byte[] bytes)
    {
        try
        {
            return JsonNode.Parse(bytes) as JsonObject;
        }
        catch (JsonException e)
        {
            throw new RefusedException($"{name} is not JSON: {e.Message}", e);
        }
    }
}
