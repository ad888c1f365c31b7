using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Stip.Export.Checkpoints;

/// <summary>Which fields of a file were asked for: what no formula reads may be a part of the model that is
/// missing.</summary>
internal sealed partial class ReadFields
{
    private readonly ConcurrentDictionary<string, byte> _names = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ReadFields> _sections = new(StringComparer.Ordinal);

    public void Note(string name) => _names[name] = 0;

    /// <summary>Those of an object inside it.</summary>
    public ReadFields Inside(string section) => _sections.GetOrAdd(section, _ => new ReadFields());

    /// <summary>Names of fields that nothing asked for, but for those of training, of generation and of files, and
    /// those that are off.</summary>
    public IEnumerable<string> Unread(JsonElement root) => root.EnumerateObject().SelectMany(field =>
        !_names.ContainsKey(field.Name) ? Says(field) ? [field.Name] : []
        : field.Value.ValueKind == JsonValueKind.Object && _sections.TryGetValue(field.Name, out var inner)
            ? inner.Unread(field.Value).Select(name => $"{field.Name}.{name}")
            : (IEnumerable<string>)[]);

    private static bool Says(JsonProperty field) => !OfAnotherKind().IsMatch(field.Name) && field.Value switch
    {
        { ValueKind: JsonValueKind.Null or JsonValueKind.False } => false,
        { ValueKind: JsonValueKind.Number } number => number.GetDouble() is not 0,
        { ValueKind: JsonValueKind.Array } list => list.GetArrayLength() > 0,
        { ValueKind: JsonValueKind.Object } inner => inner.EnumerateObject().Any(),
        _ => true,
    };

    // Of training, of generation, of files and of how others run it.
    [GeneratedRegex(
        @"drop|initial|(^|_)init(_|$)|_std$|loss|aux_|_coef$|jitter|token_id|token_index|token_ids|tokenizer|dtype|"
        + @"cache|version|_name_or_path|architectures|model_type|auto_map|label|problem_type|finetun|task_specific|"
        + @"checkpoint|^mask_(time|feature|channel|ratio)|spec_augment|"
        + @"quantization|attn_impl|_implementation|flash|fused|compile|"
        + @"^output_(attentions|hidden_states|past|router_logits|scores)$|"
        + @"return_dict|torchscript|pruned_heads|summary|chunk_size_feed|"
        + @"pretrain(ing|ed_backbone)|_tp$|^ep_size$|training|"
        + @"layerscale_value|mrope|is_encoder_decoder|encoder_stride|^pooler_(fc_size|num_|size_per_head|type$)|"
        + @"(vision|audio|speech|prompt_encoder|mask_decoder)_config$|_cost$|^eos_coefficient$|^seq_aux$|nextn_predict|"
        + @"^(image|video|audio)_|"
        + @"^(max_length|min_length|num_beams|do_sample|temperature|top_k|top_p|repetition_penalty|prefix)$",
        RegexOptions.CultureInvariant)]
    private static partial Regex OfAnotherKind();
}
