namespace Stip.Gateway.OpenAi.Tools;

/// <summary>A call that the model asks for.</summary>
/// <param name="Id">Made here; the caller names it in its answer.</param>
/// <param name="Name">Of the function.</param>
/// <param name="Arguments">JSON text of an object.</param>
internal sealed record ToolCall(string Id, string Name, string Arguments)
{
    public object Describe(int? index) => index is { } place
        ? new { Index = place, Id, Type = "function", Function = new { Name, Arguments } }
        : new { Id, Type = "function", Function = new { Name, Arguments } };
}
