using System.Text.Json;

namespace Stip.Gateway.OpenAi.Requests;

/// <summary>Fields of OpenAI's that would change the answer and are not supported: refused unless they ask for nothing.
/// Names that are not listed here and not read elsewhere have no effect.</summary>
internal static class UnsupportedFields
{
    private static readonly (string Name, Func<JsonElement, bool> AsksForNothing)[] All =
    [
        ("functions", IsEmpty),
        ("function_call", value => IsOneOf(value, "none", "auto")),
        ("modalities", IsTextOnly),
        ("audio", Never),
        ("prediction", Never),
        ("reasoning_effort", value => IsOneOf(value, "none")),
        ("verbosity", value => IsOneOf(value, "medium")),
        ("web_search_options", Never),
        ("suffix", value => IsOneOf(value, "")),
        ("echo", value => value.ValueKind == JsonValueKind.False),
        ("best_of", IsOne),
        ("guided_json", Never),
        ("guided_regex", Never),
        ("guided_grammar", Never),
        ("guided_choice", Never),
        ("structured_outputs", Never),
        ("grammar", value => IsOneOf(value, "")),
        ("json_schema", Never),
        ("logits_processors", Never),
        // Of vLLM, llama.cpp and transformers; `complete --num-beams` has beams.
        ("use_beam_search", value => value.ValueKind == JsonValueKind.False),
        ("num_beams", IsOne),
        ("length_penalty", IsOne),
        ("early_stopping", value => value.ValueKind == JsonValueKind.False),
        ("min_tokens", IsZero),
        ("stop_token_ids", IsEmpty),
        ("include_stop_str_in_output", value => value.ValueKind == JsonValueKind.False),
        ("skip_special_tokens", value => value.ValueKind == JsonValueKind.True),
        ("truncate_prompt_tokens", IsBelowZero),
        ("prompt_logprobs", Never),
        ("allowed_token_ids", Never),
        ("bad_words", IsEmpty),
        ("no_repeat_ngram_size", IsZero),
        ("typical_p", IsOne),
        ("top_a", IsZero),
        ("repeat_penalty", IsOne),
        ("mirostat", IsZero),
        ("dry_multiplier", IsZero),
        ("xtc_probability", IsZero),
        ("dynatemp_range", IsZero),
        ("top_n_sigma", value => IsZero(value) || IsBelowZero(value)),
        ("samplers", IsEmpty),
        ("min_keep", IsZero),
        ("n_probs", IsZero),
        ("regex", value => IsOneOf(value, "")),
        ("ebnf", value => IsOneOf(value, "")),
        ("stop_regex", value => IsEmpty(value) || IsOneOf(value, "")),
        // Thoughts stay in the text, as long as the model makes them.
        ("reasoning_format", value => IsOneOf(value, "none")),
        ("reasoning_budget", IsBelowZero),
        ("thinking_budget_tokens", IsBelowZero),
        // The model's own template frames a conversation, up to where the assistant begins.
        ("chat_template", Never),
        ("add_generation_prompt", value => value.ValueKind == JsonValueKind.True),
        ("continue_final_message", value => value.ValueKind == JsonValueKind.False),
        ("documents", IsEmpty),
    ];

    // Other servers' names of the limit, which some clients send beside OpenAI's.
    private static readonly string[] Limits = ["n_predict", "max_new_tokens"];

    /// <summary>Refuses what would make another vector of a text.</summary>
    public static void RefuseOfEmbeddings(RequestFields fields)
    {
        const string Name = "truncate_prompt_tokens";
        if (fields.Find(Name) is { } value && !IsBelowZero(value))
        {
            throw OpenAiException.Unsupported(Name);
        }
    }

    public static void Refuse(RequestFields fields)
    {
        var limit = fields.Find("max_completion_tokens") ?? fields.Find("max_tokens");
        foreach (var name in Limits)
        {
            if (fields.Find(name) is { } value && !IsBelowZero(value) && !AreEqual(value, limit))
            {
                throw OpenAiException.Unsupported(name, "the limit is 'max_tokens'");
            }
        }

        foreach (var (name, asksForNothing) in All)
        {
            if (fields.Find(name) is { } value && !asksForNothing(value))
            {
                throw OpenAiException.Unsupported(name);
            }
        }
    }

    /// <summary>Refuses the languages of a translator where its text would be a conversation.</summary>
    public static void RefuseLanguages(RequestFields fields)
    {
        foreach (var name in new[] { "source_language", "target_language" })
        {
            if (fields.Find(name) is not null)
            {
                throw OpenAiException.Unsupported(name, "translators read the 'prompt' of /v1/completions");
            }
        }
    }

    /// <summary>Refuses a text that is to be framed in another way than it is.</summary>
    /// <param name="fields">The request's.</param>
    /// <param name="areAdded">Whether the tokenizer frames it; a chat template frames a conversation itself.</param>
    public static void RefuseFrame(RequestFields fields, bool areAdded)
    {
        const string Name = "add_special_tokens";
        if (fields.Find(Name) is not null && fields.Flag(Name) != areAdded)
        {
            throw OpenAiException.Unsupported(
                Name, areAdded ? "the tokenizer frames a text" : "the chat template frames a conversation");
        }
    }

    private static bool IsTextOnly(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => IsOneOf(item, "text"));

    private static bool AreEqual(JsonElement value, JsonElement? limit) =>
        limit is { ValueKind: JsonValueKind.Number } other && value.ValueKind == JsonValueKind.Number
            && value.GetDouble() == other.GetDouble();

    private static bool Never(JsonElement value) => false;

    private static bool IsOne(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number == 1;

    private static bool IsZero(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.GetDouble() == 0;

    private static bool IsBelowZero(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.GetDouble() < 0;

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };

    private static bool IsOneOf(JsonElement value, params string[] allowed) =>
        value.ValueKind == JsonValueKind.String && allowed.Contains(value.GetString());
}
