using System.Globalization;

namespace Stip.Client.Sampling;

/// <summary>
/// How the next token is drawn. Penalties come first, then temperature, top-k, top-p and min-p, as transformers applies
/// them; a value that is left at its default does nothing.
/// </summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits; 0 takes the most likely token (greedy). Range 0 to 100, default 1.</summary>
    public float Temperature { get; init; } = 1;

    /// <summary>Keeps the K most likely tokens and those that equal the last of them; 0 keeps all. Default 0.</summary>
    public int TopK { get; init; }

    /// <summary>
    /// Keeps the fewest most likely tokens whose probabilities reach this sum. Range 0 to 1, default 1.
    /// </summary>
    public float TopP { get; init; } = 1;

    /// <summary>Keeps tokens at least this likely, relative to the most likely one. Range 0 to 1, default 0.</summary>
    public float MinP { get; init; }

    /// <summary>
    /// Divides positive and multiplies negative logits of tokens that were seen. Range above 0 to 100, default 1
    /// (Keskar et al. 2019, section 4.1).
    /// </summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Subtracted from the logit of every generated token. Range -2 to 2, default 0.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Subtracted once for every time a token was generated. Range -2 to 2, default 0.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>
    /// Makes the draws repeatable: one uniform number for each position. Null (default) is another each time.
    /// </summary>
    public ulong? Seed { get; init; }

    /// <summary>Added to the logits of single tokens before the temperature, by token id. Range -100 to 100; default
    /// none.</summary>
    public IReadOnlyDictionary<int, float> LogitBias { get; init; } = new Dictionary<int, float>();

    internal bool HasPenalties => RepetitionPenalty != 1 || PresencePenalty != 0 || FrequencyPenalty != 0;

    /// <summary>Whether a token can become more likely by having been seen.</summary>
    internal bool RaisesSeenTokens => RepetitionPenalty < 1 || PresencePenalty < 0 || FrequencyPenalty < 0;

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">One line with each value that is outside its range, and the
    /// range.</exception>
    public void Validate()
    {
        string?[] faults =
        [
            Fault("temperature", Temperature, 0, 100),
            Fault("top_k", TopK, 0, int.MaxValue),
            Fault("top_p", TopP, 0, 1),
            Fault("min_p", MinP, 0, 1),
            Fault("repetition_penalty", RepetitionPenalty, float.Epsilon, 100),
            Fault("presence_penalty", PresencePenalty, -2, 2),
            Fault("frequency_penalty", FrequencyPenalty, -2, 2),
            .. LogitBias.Values.Select(bias => Fault("logit_bias", bias, -100, 100)),
        ];
        if (faults.Any(fault => fault is not null))
        {
            throw new ArgumentException(string.Join("; ", faults.OfType<string>()));
        }
    }

    private static string? Fault(string name, double value, double low, double high)
    {
        var least = low == float.Epsilon ? "above 0" : low.ToString(CultureInfo.InvariantCulture);
        return value >= low && value <= high
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; allowed is {least} to {high}");
    }
}
