using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>What a file says of its model, while it becomes a config.json.</summary>
/// <param name="file">The file.</param>
/// <param name="prefix">What the keys of its architecture begin with.</param>
internal sealed class GgufDescription(GgufFile file, string prefix)
{
    public GgufMetadata Metadata => file.Metadata;

    /// <summary>The config.json so far.</summary>
    public JsonObject Config { get; } = [];

    public bool Has(string tensor) => file.Tensors.ContainsKey(tensor);

    /// <summary>Rows of a matrix that must be there; converters drop a first axis of length 1.</summary>
    public long Rows(string tensor) => file.Tensors.TryGetValue(tensor, out var info) && info.Shape.Count is 1 or 2
        ? info.Shape.Count == 2 ? info.Shape[0] : 1
        : throw Metadata.Refused($"there is no matrix '{tensor}'");

    public int Required(string key) => Metadata.RequiredInteger($"{prefix}.{key}");

    public int? Integer(string key) => Metadata.Integer($"{prefix}.{key}");

    public double? Number(string key) => Metadata.Number($"{prefix}.{key}");

    public bool? Flag(string key) => Metadata.Flag($"{prefix}.{key}");

    /// <summary>Flags of a list, null where there is none or it is one for all.</summary>
    public IReadOnlyList<bool>? Flags(string key) => Metadata.Flags($"{prefix}.{key}");

    public IReadOnlyList<long>? Integers(string key) => Metadata.Integers($"{prefix}.{key}");

    /// <summary>Integers of every layer, which may be one for all.</summary>
    public JsonArray Layers(string key, int layers)
    {
        var name = $"{prefix}.{key}";
        var all = Metadata.Largest(name) ?? throw Metadata.Refused($"there is no {name}");
        var each = Metadata.IsList(name) ? Metadata.Integers(name)! : [.. Enumerable.Repeat((long)all, layers)];
        return each.Count == layers
            ? new JsonArray([.. each.Select(number => (JsonNode)number)])
            : throw Metadata.Refused($"{name} has {each.Count} numbers; it must have one for each of {layers} layers");
    }

    /// <summary>Gives a field the value of a key where the file has it.</summary>
    public void Copy(string key, string field)
    {
        if (Number(key) is { } value)
        {
            Config[field] = value;
        }
    }

    /// <summary>Gives a field the value of a whole-numbered key where the file has it.</summary>
    public void CopyInteger(string key, string field)
    {
        if (Integer(key) is { } value)
        {
            Config[field] = value;
        }
    }

    /// <summary>How experts are counted and chosen.</summary>
    public void CopyExperts(string countField, string widthField)
    {
        Config[countField] = Required("expert_count");
        Config["num_experts_per_tok"] = Required("expert_used_count");
        var width = Integer("expert_feed_forward_length") ?? Required("feed_forward_length");
        Config[widthField] = width > 0 ? width
            : throw Metadata.Refused($"{prefix}.expert_feed_forward_length is 0; it must be at least 1");
    }
}
