using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Onnx;
using Stip.Onnx.Packages;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>The small files of a folder that embeds texts, its tokenizer.json with the end token that
/// <c>add_eos_token</c> of tokenizer_config.json asks for: transformers adds it when it loads the file.</summary>
internal sealed class EndedTexts(ISmallFiles files) : ISmallFiles
{
    public byte[]? Find(string name) =>
        name == SourceFileNames.Tokenizer && files.Find(name) is { } tokenizer ? Ended(tokenizer) : files.Find(name);

    private byte[] Ended(byte[] tokenizer)
    {
        var settings = TokenizerSettings.Read(files);
        if (settings.Flag("add_eos_token") is not true || settings.Token("eos_token") is not { } end)
        {
            return tokenizer;
        }

        try
        {
            var file = JsonObjects.Editable(tokenizer)!.AsObject();
            var before = file["post_processor"];
            if (EndsIn(before, end))
            {
                return tokenizer;
            }

            file["post_processor"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["processors"] = before is null
                    ? new JsonArray(Appends(file, end))
                    : new JsonArray(before.DeepClone(), Appends(file, end)),
            };
            return JsonSerializer.SerializeToUtf8Bytes(file);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new RefusedException($"{SourceFileNames.Tokenizer} is not one of Hugging Face's tokenizers", e);
        }
    }

    private static bool EndsIn(JsonNode? processor, string end) => $"{processor?["type"]}" switch
    {
        "BertProcessing" or "RobertaProcessing" => true,
        "TemplateProcessing" => $"{processor!["single"]?.AsArray().LastOrDefault()?["SpecialToken"]?["id"]}" == end,
        "Sequence" => processor!["processors"]!.AsArray().Any(inner => EndsIn(inner, end)),
        _ => false,
    };

    private static JsonObject Appends(JsonObject file, string end) => new()
    {
        ["type"] = "TemplateProcessing",
        ["single"] = new JsonArray(Part("Sequence", "A"), Part("SpecialToken", end)),
        ["pair"] = new JsonArray(Part("Sequence", "A"), Part("Sequence", "B"), Part("SpecialToken", end)),
        ["special_tokens"] = new JsonObject
        {
            [end] = new JsonObject
            {
                ["id"] = end,
                ["ids"] = new JsonArray(IdOf(file, end)),
                ["tokens"] = new JsonArray(end),
            },
        },
    };

    private static JsonObject Part(string kind, string id) =>
        new() { [kind] = new JsonObject { ["id"] = id, ["type_id"] = 0 } };

    private static int IdOf(JsonObject file, string token)
    {
        var added = file["added_tokens"]?.AsArray().FirstOrDefault(added => $"{added?["content"]}" == token)?["id"];
        var id = added ?? (file["model"]?["vocab"] as JsonObject)?[token];
        return id?.GetValue<int>()
            ?? throw new RefusedException($"tokenizer_config.json: eos_token '{token}' is not in the vocabulary");
    }
}
