namespace Stip.Client.Tools;

/// <summary>A piece of an answer.</summary>
/// <param name="Text">What is certain to be no part of a call.</param>
/// <param name="Calls">The calls that are complete with this piece.</param>
public readonly record struct ToolText(string Text, IReadOnlyList<ToolCall> Calls);
