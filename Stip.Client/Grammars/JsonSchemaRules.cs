using System.Text.Json;

namespace Stip.Client.Grammars;

/// <summary>A JSON Schema as a grammar; what it cannot hold is refused by name.</summary>
internal sealed class JsonSchemaRules
{
    /// <summary>How deep schemas may lie within one another.</summary>
    internal const int DeepestSchema = 32;

    // Each is looked for among its neighbours.
    private const int MostSchemas = 10_000;

    private static readonly string[] Known =
    [
        "type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "oneOf", "$ref",
        "$defs", "definitions", "minItems", "maxItems", "minLength", "maxLength", "pattern", "format", "allOf",
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
        "title", "description", "default", "examples", "$schema", "$id", "strict",
    ];

    // One of them says what the value is; the others narrow a type.
    private static readonly string[] Whole = ["$ref", "const", "enum", "anyOf", "oneOf", "allOf"];

    private static readonly string[] Narrowing =
    [
        "properties", "required", "additionalProperties", "items", "minItems", "maxItems", "minLength", "maxLength",
        "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    ];

    private readonly JsonElement _schema;
    private readonly Dictionary<string, GrammarNode> _references = [];

    // From each reference to those that it leads to without a character between them.
    private readonly Dictionary<string, HashSet<string>> _leads = new(StringComparer.Ordinal);

    // References that lead to one another so far without a character between them.
    private HashSet<string> _unmoved = [];
    private int _depth;
    private int _count;

    public JsonSchemaRules(JsonElement schema)
    {
        _schema = schema;
        Root = Rule(schema);
        if (ReferenceCircles.Find(_leads) is { } circle)
        {
            throw Itself(circle);
        }
    }

    public GrammarNode Root { get; }

    private GrammarNode Rule(JsonElement schema)
    {
        if (++_count > MostSchemas)
        {
            throw new NotSupportedException($"the schema holds more than {MostSchemas} others");
        }

        if (schema.ValueKind == JsonValueKind.True)
        {
            return JsonRules.Value;
        }

        if (schema.ValueKind != JsonValueKind.Object || ++_depth > DeepestSchema)
        {
            throw new NotSupportedException($"a schema is an object, at most {DeepestSchema} deep");
        }

        Check(schema);
        CheckType(schema);
        var types = SchemaTypes.Of(schema);
        var rule = schema.TryGetProperty("$ref", out var reference) ? Reference(Text(reference, "$ref"))
            : schema.TryGetProperty("const", out var value) ? Constants([value], types, "const")
            : schema.TryGetProperty("enum", out var values) ? Constants(List(values, "enum"), types, "enum")
            : schema.TryGetProperty("anyOf", out var any) ? OneOf(any, Rule, "anyOf")
            : schema.TryGetProperty("oneOf", out var one) ? OneOf(one, Rule, "oneOf")
            : schema.TryGetProperty("allOf", out var all) ? Only(all)
            : Typed(schema);
        _depth--;
        return rule;
    }

    private static void Check(JsonElement schema)
    {
        foreach (var member in schema.EnumerateObject())
        {
            if (!Known.Contains(member.Name))
            {
                throw new NotSupportedException($"the schema's '{member.Name}' is not supported");
            }
        }

        // Both would have to hold, and only one of them would be looked at.
        var narrowing = Narrowing.FirstOrDefault(name => schema.TryGetProperty(name, out _));
        var whole = Whole.Where(name => schema.TryGetProperty(name, out _)).ToArray();
        if (whole.Length > 1 || (whole.Length == 1 && narrowing is not null))
        {
            throw new NotSupportedException(
                $"the schema's '{narrowing ?? whole[1]}' is not supported beside '{whole[0]}'");
        }

        if (narrowing is not (null or "properties") && !schema.TryGetProperty("type", out _))
        {
            throw new NotSupportedException($"the schema's '{narrowing}' is not supported without a 'type'");
        }
    }

    // Branches are not narrowed by a type outside of them: they have to say it themselves.
    private void CheckType(JsonElement schema)
    {
        if (SchemaTypes.Of(schema) is { } types
            && Whole.FirstOrDefault(name => schema.TryGetProperty(name, out _)) is { } whole and not ("const" or "enum")
            && !SchemaTypes.Hold(types, schema, Find))
        {
            throw new NotSupportedException(
                $"the schema's 'type' is not supported beside '{whole}' that does not say that type itself");
        }
    }

    private static Choice Constants(IEnumerable<JsonElement> values, IReadOnlyList<string>? types, string name)
    {
        var left = values.Where(value => types is null || SchemaTypes.Has(types, value)).ToArray();
        return left.Length > 0
            ? new Choice([.. left.Select(JsonRules.Constant)])
            : throw new NotSupportedException($"the schema's '{name}' has no value of its 'type'");
    }

    private static Choice OneOf(JsonElement list, Func<JsonElement, GrammarNode> rule, string name) =>
        new([.. List(list, name).Select(rule)]);

    private static JsonElement[] List(JsonElement list, string name) =>
        list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > 0
            ? [.. list.EnumerateArray()]
            : throw new NotSupportedException($"the schema's '{name}' is not a list of at least one");

    // As some write a reference that has a description beside it.
    private GrammarNode Only(JsonElement list) => list.ValueKind == JsonValueKind.Array && list.GetArrayLength() == 1
        ? Rule(list[0])
        : throw new NotSupportedException("the schema's 'allOf' is not a list of one");

    private GrammarNode Typed(JsonElement schema)
    {
        if (!schema.TryGetProperty("type", out var type))
        {
            return schema.TryGetProperty("properties", out _) ? Object(schema) : JsonRules.Value;
        }

        return type.ValueKind == JsonValueKind.Array
            ? OneOf(type, one => Typed(schema, Text(one, "type")), "type")
            : Typed(schema, type.ValueKind == JsonValueKind.String ? type.GetString() : null);
    }

    private GrammarNode Typed(JsonElement schema, string? type) => type switch
    {
        "object" => Object(schema),
        "array" => JsonRules.ArrayOf(
            schema.TryGetProperty("items", out var items) ? Inside(items) : JsonRules.Value,
            Bound(schema, "minItems") ?? 0,
            Bound(schema, "maxItems")),
        "string" => SchemaTexts.Rule(schema, Bound(schema, "minLength"), Bound(schema, "maxLength")),
        "number" => SchemaNumbers.Rule(schema, isInteger: false),
        "integer" => SchemaNumbers.Rule(schema, isInteger: true),
        "boolean" => JsonRules.Boolean,
        "null" => JsonRules.Null,
        _ => throw new NotSupportedException($"the schema's type '{type}' is not one of JSON"),
    };

    private static int? Bound(JsonElement schema, string name) => !schema.TryGetProperty(name, out var bound)
        ? null
        : bound.ValueKind == JsonValueKind.Number && bound.TryGetInt32(out var value) && value is >= 0 and <= 10_000
            ? value
            : throw new NotSupportedException($"the schema's '{name}' is not an integer in 0..10000");

    private GrammarNode Object(JsonElement schema)
    {
        var required = schema.TryGetProperty("required", out var names) ? Names(names) : [];
        if (!schema.TryGetProperty("properties", out var properties) && required.Count == 0)
        {
            return schema.TryGetProperty("additionalProperties", out var others)
                ? ObjectOf(others)
                : JsonRules.AnyObject;
        }

        if (properties.ValueKind != JsonValueKind.Object)
        {
            throw new NotSupportedException("the schema's 'properties' is not an object");
        }

        if (required.FirstOrDefault(name => !properties.TryGetProperty(name, out _)) is { } unknown)
        {
            throw new NotSupportedException($"the schema requires '{unknown}', which is not among its properties");
        }

        var members = properties.EnumerateObject()
            .Select(member => (
                IsRequired: required.Contains(member.Name),
                Rule: JsonRules.Member(JsonRules.Name(member.Name), Inside(member.Value))))
            .ToArray();
        return new Sequence(ByteSet.Of('{'), JsonRules.Space, Members(members, 0, isFirst: true), ByteSet.Of('}'));
    }

    // Members of any name.
    private GrammarNode ObjectOf(JsonElement value) => value.ValueKind == JsonValueKind.False
        ? new Sequence(ByteSet.Of('{'), JsonRules.Space, ByteSet.Of('}'))
        : JsonRules.ObjectOf(Inside(value));

    private static HashSet<string> Names(JsonElement names) => names.ValueKind == JsonValueKind.Array
        ? [.. names.EnumerateArray().Select(name => Text(name, "required"))]
        : throw new NotSupportedException("the schema's 'required' is not a list of names");

    private static string Text(JsonElement value, string keyword) => value.ValueKind == JsonValueKind.String
        ? value.GetString()!
        : throw new NotSupportedException($"the schema's '{keyword}' is not a text");

    // What stands behind a bracket or a name: a reference may lead back from here.
    private GrammarNode Inside(JsonElement schema)
    {
        var outside = _unmoved;
        _unmoved = [];
        var rule = Rule(schema);
        _unmoved = outside;
        return rule;
    }

    /// <summary>The members from one on; those that are not required may be left out.</summary>
    private static GrammarNode Members((bool IsRequired, GrammarNode Rule)[] members, int index, bool isFirst)
    {
        if (index == members.Length)
        {
            return new Sequence();
        }

        var (isRequired, rule) = members[index];
        var after = new Deferred(() => Members(members, index + 1, isFirst: false));
        var with = isFirst ? new Sequence(rule, after) : new Sequence(JsonRules.Comma, rule, after);
        return isRequired ? with : new Choice(with, new Deferred(() => Members(members, index + 1, isFirst)));
    }

    private static NotSupportedException Itself(string path) =>
        new($"the schema's $ref '{path}' is itself and nothing else");

    private GrammarNode Reference(string path)
    {
        if (_unmoved.Contains(path))
        {
            throw Itself(path);
        }

        foreach (var from in _unmoved)
        {
            _leads.TryAdd(from, new HashSet<string>(StringComparer.Ordinal));
            _leads[from].Add(path);
        }

        if (_references.TryGetValue(path, out var known))
        {
            return known;
        }

        var target = Find(path);
        GrammarNode? rule = null;
        _references[path] = new Deferred(() => rule!);
        _unmoved.Add(path);
        rule = Rule(target);
        _unmoved.Remove(path);
        return rule;
    }

    private JsonElement Find(string path)
    {
        var target = _schema;
        foreach (var name in path.Split('/').Skip(1))
        {
            if (target.ValueKind != JsonValueKind.Object || !target.TryGetProperty(name, out target))
            {
                throw new NotSupportedException($"the schema's $ref '{path}' leads nowhere");
            }
        }

        return path.StartsWith('#')
            ? target
            : throw new NotSupportedException($"the schema's $ref '{path}' leads out of it");
    }
}
