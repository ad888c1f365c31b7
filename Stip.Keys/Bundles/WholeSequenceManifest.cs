using System.Text.Json.Serialization;

namespace Stip.Keys.Bundles;

/// <summary>How a language model without a cache is asked: each token costs a pass over the whole text before it.
/// </summary>
/// <param name="Rows">Which rows of logits a pass gives: <see cref="AllRows"/>, one for each token, or
/// <see cref="LastRow"/>, that of the last one alone.</param>
public sealed record WholeSequenceManifest(string Rows)
{
    /// <summary>A row for each token, which tells of the tokens up to it and of none behind it.</summary>
    public const string AllRows = "all";

    /// <summary>The row of the last token.</summary>
    public const string LastRow = "last";

    /// <summary>An input that is 1 for each token.</summary>
    public const string Ones = "ones";

    /// <summary>An input that is 0 for each token: a mask whose 1 hides, or that is added to scores.</summary>
    public const string Zeros = "zeros";

    /// <summary>An input that counts tokens from 0.</summary>
    public const string Positions = "positions";

    /// <summary>Value of <see cref="Gives"/> where rows are shares that add up to 1.</summary>
    public const string Probabilities = "probabilities";

    /// <summary>What the client gives the server's graph beside the rows, by the graph's names: <see cref="Ones"/>,
    /// <see cref="Zeros"/> or <see cref="Positions"/>; null for nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Inputs { get; init; }

    /// <summary><see cref="Probabilities"/>, or null for logits.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Gives { get; init; }
}
