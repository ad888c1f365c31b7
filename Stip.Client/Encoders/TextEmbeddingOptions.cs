namespace Stip.Client.Encoders;

/// <summary>What texts are embedded for, of models that have a prompt for it.</summary>
public sealed record TextEmbeddingOptions
{
    /// <summary>Name of one of the model's prompts (<see cref="TextEmbedder.PromptNames"/>). Null (default) for the one
    /// that <see cref="InputType"/> names, else for the one before every text, which most models do not have.</summary>
    public string? PromptName { get; init; }

    /// <summary>What a text is: <c>query</c> or <c>search_query</c>, <c>document</c>, <c>passage</c>, <c>corpus</c> or
    /// <c>search_document</c>, whose prompt is taken where the model has one, or the name of a prompt.</summary>
    public string? InputType { get; init; }
}
