using System.Text.Json;
using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Gguf.Tokenizer;

/// <summary>The tokenizer of a file as the files of a Hugging Face folder.</summary>
internal static class GgufTokenizerFiles
{
    private const string ModelKey = "tokenizer.ggml.model";
    private const string TemplateKey = "tokenizer.chat_template";
    private const string ToolUse = "tool_use";

    /// <summary>tokenizer.json, tokenizer_config.json and generation_config.json; none where the file has no
    /// tokenizer.</summary>
    public static IReadOnlyDictionary<string, byte[]> Make(GgufMetadata metadata)
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        if (metadata.Text(ModelKey) is not (not "none" and { } model))
        {
            return files;
        }

        var vocabulary = GgufVocabulary.Read(metadata);
        var tokenizer = model switch
        {
            "gpt2" => ByteLevelTokenizer.Describe(metadata, vocabulary),
            "llama" => SentencePieceTokenizer.Describe(metadata, vocabulary),
            "bert" => WordPieceTokenizer.Describe(metadata, vocabulary),
            "t5" => UnigramTokenizer.Describe(metadata, vocabulary),
            _ => throw metadata.Refused(
                $"{ModelKey} '{model}' is not supported; there are gpt2, llama, bert, t5 and none"),
        };
        files["tokenizer.json"] = JsonSerializer.SerializeToUtf8Bytes(tokenizer);
        files["tokenizer_config.json"] = JsonSerializer.SerializeToUtf8Bytes(Config(metadata, vocabulary));
        files["generation_config.json"] = JsonSerializer.SerializeToUtf8Bytes(Generation(metadata, vocabulary));
        return files;
    }

    private static JsonObject Config(GgufMetadata metadata, GgufVocabulary vocabulary)
    {
        var config = new JsonObject
        {
            ["tokenizer_class"] = "PreTrainedTokenizerFast",
            ["clean_up_tokenization_spaces"] = false,
        };
        foreach (var (name, key) in new[]
        {
            ("bos_token", "bos_token_id"), ("eos_token", "eos_token_id"),
            ("unk_token", "unknown_token_id"), ("pad_token", "padding_token_id"), ("cls_token", "cls_token_id"),
            ("sep_token", "seperator_token_id"), ("mask_token", "mask_token_id"),
        })
        {
            if (vocabulary.Id(metadata, key) is { } id)
            {
                config[name] = vocabulary.Tokens[id];
            }
        }

        if (Template(metadata) is { } template)
        {
            config["chat_template"] = template;
        }

        return config;
    }

    // One, or a list where the file has others beside it (tools, documents).
    private static JsonNode? Template(GgufMetadata metadata)
    {
        var named = (metadata.Texts("tokenizer.chat_templates") ?? [])
            .Append(ToolUse).Distinct()
            .Select(name => (Name: name, Source: metadata.Text($"{TemplateKey}.{name}")))
            .Prepend((Name: "default", Source: metadata.Text(TemplateKey)))
            .Where(template => template.Source is not null).ToList();
        return named is [("default", var only)]
            ? only
            : named.Count == 0 ? null : new JsonArray([.. named.Select(template => (JsonNode)new JsonObject
            {
                ["name"] = template.Name,
                ["template"] = template.Source,
            })]);
    }

    private static JsonObject Generation(GgufMetadata metadata, GgufVocabulary vocabulary) => new()
    {
        ["bos_token_id"] = vocabulary.Id(metadata, "bos_token_id"),
        ["eos_token_id"] = new JsonArray([.. vocabulary.Ends(metadata).Select(id => (JsonNode)id)]),
    };
}
