namespace Stip.Client.Tools;

/// <summary>A call that the model asks for.</summary>
/// <param name="Id">Made here; the answer to the call names it.</param>
/// <param name="Name">Of the function.</param>
/// <param name="Arguments">JSON text of an object.</param>
public sealed record ToolCall(string Id, string Name, string Arguments);
