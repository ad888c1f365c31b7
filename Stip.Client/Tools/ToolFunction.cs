using System.Text.Json;
using Stip.Client.Grammars;

namespace Stip.Client.Tools;

/// <summary>A function that a model may call.</summary>
/// <param name="Name">As the model writes it.</param>
/// <param name="Parameters">JSON Schema of an object; null where it takes nothing.</param>
/// <param name="IsStrict">Arguments that the grammar cannot promise are refused.</param>
internal sealed record ToolFunction(string Name, JsonElement? Parameters, bool IsStrict)
{
    /// <summary>Reads one of OpenAI's chat tools.</summary>
    /// <exception cref="NotSupportedException">It is no function.</exception>
    public static ToolFunction Read(JsonElement tool)
    {
        if (tool.ValueKind != JsonValueKind.Object
            || !tool.TryGetProperty("type", out var type) || type.ValueKind != JsonValueKind.String
            || !type.ValueEquals("function")
            || !tool.TryGetProperty("function", out var function) || function.ValueKind != JsonValueKind.Object
            || !function.TryGetProperty("name", out var name) || name.ValueKind != JsonValueKind.String)
        {
            throw new NotSupportedException("functions with a name only");
        }

        return new ToolFunction(
            name.GetString()!,
            function.TryGetProperty("parameters", out var parameters) && parameters.ValueKind == JsonValueKind.Object
                ? parameters
                : null,
            function.TryGetProperty("strict", out var strict) && strict.ValueKind == JsonValueKind.True);
    }

    /// <summary>The arguments as a grammar: those of the schema, or any object where the grammar cannot hold
    /// it.</summary>
    public GrammarNode Arguments()
    {
        if (Parameters is not { } schema)
        {
            return Sequence.Literal("{}");
        }

        try
        {
            return new JsonSchemaRules(schema).Root;
        }
        catch (NotSupportedException) when (!IsStrict)
        {
            return JsonRules.AnyObject;
        }
    }
}
