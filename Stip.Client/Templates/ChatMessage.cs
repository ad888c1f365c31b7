using System.Text.Json;

namespace Stip.Client.Templates;

/// <summary>One message of a conversation.</summary>
/// <param name="Role">"system", "user", "assistant", "tool" or what else the template knows.</param>
/// <param name="Content">Its text; null where the message is made of tool calls alone.</param>
public sealed record ChatMessage(string Role, string? Content)
{
    /// <summary>
    /// Further fields as templates read them (tool_calls, tool_call_id, name, reasoning_content, …); one named
    /// "content" takes the place of <see cref="Content"/>, for messages of several parts. Default: none.
    /// </summary>
    public IReadOnlyDictionary<string, JsonElement> Fields { get; init; } = new Dictionary<string, JsonElement>();
}
