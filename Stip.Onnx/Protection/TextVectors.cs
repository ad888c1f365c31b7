namespace Stip.Onnx.Protection;

/// <summary>How the rows that a graph of another exporter gives become the vector of a text: what lies beside such a
/// graph says it, and no graph does.</summary>
/// <param name="Pooling"><c>mean</c>, <c>cls</c>, <c>max</c> or <c>lasttoken</c>; null where nothing says it, and the
/// mean is taken.</param>
/// <param name="Normalizes">True where vectors are scaled to length 1.</param>
public sealed record TextVectors(string? Pooling, bool Normalizes)
{
    /// <summary>What stands before every text; null for nothing.</summary>
    public string? Prompt { get; init; }

    /// <summary>What may stand there in its place, by name; null for none.</summary>
    public IReadOnlyDictionary<string, string>? Prompts { get; init; }

    /// <summary>Texts are cut to so many tokens; null where the graph's own length is the limit.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Why what lies beside the graph is not followed, e.g. layers after the pooling; null where it is.
    /// </summary>
    public string? Unfollowed { get; init; }

    /// <summary>True where the caller chose: a model without such rows is refused then.</summary>
    public bool IsChosen { get; init; }

    /// <summary>What comes after the pooling and is not in the vectors, whatever pools them; null for nothing.
    /// </summary>
    public string? LeftOut { get; init; }
}
