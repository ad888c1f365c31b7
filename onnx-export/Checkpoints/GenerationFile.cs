using System.Buffers;
using System.Text.Json;

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
    /// <exception cref="Onnx.RefusedException">One of the two is not a JSON object.</exception>
    public static byte[]? Find(ISmallFiles files)
    {
        var own = files.Find(Name);
        if (files.Find("config.json") is not { } config)
        {
            return own;
        }

        var said = JsonObjects.Read("config.json", config);
        if (Value(said, Start) is null)
        {
            return own;
        }

        var made = own is null ? [] : FieldsOf(JsonObjects.Read(Name, own));
        if (made.Exists(field => field.Name == Start))
        {
            return own;
        }

        foreach (var name in own is null ? Fields : [Start])
        {
            if (Value(said, name) is { } value)
            {
                made.Add((name, value));
            }
        }

        return Write(made);
    }

    // What a whole model leaves open its decoder's section says.
    private static JsonElement? Value(JsonElement said, string name) =>
        Own(said, name) ?? (Own(said, "decoder") is { ValueKind: JsonValueKind.Object } decoder
            ? Own(decoder, name)
            : null);

    private static JsonElement? Own(JsonElement said, string name) =>
        said.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    // Of equal names the last counts.
    private static List<(string Name, JsonElement Value)> FieldsOf(JsonElement json) =>
        [.. json.EnumerateObject().GroupBy(field => field.Name).Select(same => (same.Key, same.Last().Value))];

    private static byte[] Write(List<(string Name, JsonElement Value)> fields)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in fields)
            {
                writer.WritePropertyName(name);
                value.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }
}
