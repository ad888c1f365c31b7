namespace Stip.Client.Tools;

/// <summary>Whether the model may or must call a function.</summary>
public sealed record ToolChoice
{
    private ToolChoice(bool isForced, string? function) => (IsForced, Function) = (isForced, function);

    /// <summary>The model chooses between an answer and calls.</summary>
    public static ToolChoice Auto { get; } = new(false, null);

    /// <summary>The answer is one call, of whichever function.</summary>
    public static ToolChoice Required { get; } = new(true, null);

    /// <summary>The answer is a call.</summary>
    public bool IsForced { get; }

    /// <summary>The function that is called; null for any.</summary>
    public string? Function { get; }

    /// <summary>The answer is one call of this function.</summary>
    public static ToolChoice Of(string function) => new(true, function);
}
