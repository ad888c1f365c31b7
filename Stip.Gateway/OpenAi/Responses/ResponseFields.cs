using System.Text.Json;
using Stip.Gateway.OpenAi.Requests;

namespace Stip.Gateway.OpenAi.Responses;

/// <summary>Fields of <c>/v1/responses</c> that would change the answer and are not there.</summary>
internal static class ResponseFields
{
    private static readonly (string Name, Func<JsonElement, bool> AsksForNothing)[] All =
    [
        ("previous_response_id", _ => false),
        ("conversation", _ => false),
        ("prompt", _ => false),
        ("background", value => value.ValueKind == JsonValueKind.False),
        ("include", LogprobsField.AsksForThese),
        ("truncation", value => value.ValueKind == JsonValueKind.String && value.ValueEquals("disabled")),
        ("reasoning", value => value.ValueKind == JsonValueKind.Object && value.EnumerateObject()
            .All(member => member.Value.ValueKind == JsonValueKind.Null)),
        ("max_tool_calls", _ => false),
        ("n", value => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var n) && n == 1),
    ];

    public static void RefuseUnsupported(RequestFields fields)
    {
        foreach (var (name, asksForNothing) in All)
        {
            if (fields.Find(name) is { } value && !asksForNothing(value))
            {
                throw OpenAiException.Unsupported(name);
            }
        }

        if (fields.Find("text") is { ValueKind: JsonValueKind.Object } text
            && text.TryGetProperty("verbosity", out var verbosity)
            && !(verbosity.ValueKind == JsonValueKind.Null
                || (verbosity.ValueKind == JsonValueKind.String && verbosity.ValueEquals("medium"))))
        {
            throw OpenAiException.Unsupported("text.verbosity");
        }
    }
}
