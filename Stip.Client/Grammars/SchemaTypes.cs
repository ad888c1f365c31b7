using System.Text.Json;

namespace Stip.Client.Grammars;

/// <summary>The <c>type</c> of a JSON Schema beside keywords that say what the value is: both have to hold.</summary>
internal static class SchemaTypes
{
    /// <summary>The names of a schema's types; null where it has none.</summary>
    public static IReadOnlyList<string>? Of(JsonElement schema)
    {
        if (!schema.TryGetProperty("type", out var type))
        {
            return null;
        }

        return type.ValueKind == JsonValueKind.Array
            ? [.. type.EnumerateArray().Select(one => $"{one}")]
            : [$"{type}"];
    }

    /// <summary>Whether a value is of one of the types.</summary>
    public static bool Has(IReadOnlyList<string> types, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => types.Contains("object"),
        JsonValueKind.Array => types.Contains("array"),
        JsonValueKind.String => types.Contains("string"),
        JsonValueKind.True or JsonValueKind.False => types.Contains("boolean"),
        JsonValueKind.Null => types.Contains("null"),
        _ => types.Contains("number") || (types.Contains("integer") && double.IsInteger(value.GetDouble())),
    };

    /// <summary>Whether the keywords of a schema beside its <c>type</c> leave values of these types only, as far as
    /// they say so themselves.</summary>
    /// <param name="types">The types.</param>
    /// <param name="schema">The schema.</param>
    /// <param name="find">The schema that a reference leads to.</param>
    public static bool Hold(IReadOnlyList<string> types, JsonElement schema, Func<string, JsonElement> find) =>
        Hold(types, schema, find, new HashSet<string>(StringComparer.Ordinal), depth: 1);

    // What was followed once holds, or it was the end: references may lead in a circle, or to one another in many ways.
    private static bool Hold(
        IReadOnlyList<string> types,
        JsonElement schema,
        Func<string, JsonElement> find,
        HashSet<string> followed,
        int depth)
    {
        bool OfBranch(JsonElement branch) => branch.ValueKind == JsonValueKind.Object
            && (Of(branch) is { } own
                ? AreWithin(types, own)
                : depth < JsonSchemaRules.DeepestSchema && Hold(types, branch, find, followed, depth + 1));

        return schema.TryGetProperty("$ref", out var path) && path.ValueKind == JsonValueKind.String
            ? !followed.Add(path.GetString()!) || OfBranch(find(path.GetString()!))
            : schema.TryGetProperty("const", out var value) ? Has(types, value)
            : schema.TryGetProperty("enum", out var values) ? AllOf(values, one => Has(types, one))
            : Branches(schema) is { } branches ? AllOf(branches, OfBranch)
            : schema.TryGetProperty("properties", out _) && types.Contains("object");
    }

    private static bool AreWithin(IReadOnlyList<string> types, IReadOnlyList<string> own) =>
        own.All(type => types.Contains(type) || (type == "integer" && types.Contains("number")));

    private static JsonElement? Branches(JsonElement schema) => schema.TryGetProperty("anyOf", out var any) ? any
        : schema.TryGetProperty("oneOf", out var one) ? one
        : schema.TryGetProperty("allOf", out var all) ? all
        : null;

    private static bool AllOf(JsonElement list, Func<JsonElement, bool> holds) =>
        list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(holds);
}
