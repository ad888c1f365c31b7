using Stip.Client.Grammars;
using Stip.Client.Sampling;

namespace Stip.Client.Generation.Beams;

/// <summary>How a beam search goes. Names and meaning of transformers' <c>num_beams</c>, <c>length_penalty</c>,
/// <c>early_stopping</c>, <c>num_return_sequences</c> and <c>max_new_tokens</c>.</summary>
/// <remarks>It draws nothing, and there are no stop strings.</remarks>
public sealed record BeamOptions
{
    /// <summary>Most beams: each is a session of the server.</summary>
    public const int MostBeams = 64;

    /// <summary>Furthest length penalty from 0: with it scores of a million tokens are finite numbers.</summary>
    public const double MostLengthPenalty = 10;

    /// <summary>Answers under way at once, 1 to <see cref="MostBeams"/>. Default 4. With one and
    /// <see cref="BeamStopping.First"/> it finds the greedy answer.</summary>
    public int Beams { get; init; } = 4;

    /// <summary>A finished answer's score is the sum of its tokens' log probabilities by its length to this power:
    /// above 0 longer ones gain, below 0 shorter ones. -<see cref="MostLengthPenalty"/> to
    /// <see cref="MostLengthPenalty"/>, default 1.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>When it ends. Default <see cref="BeamStopping.Heuristic"/>.</summary>
    public BeamStopping Stopping { get; init; }

    /// <summary>Answers that are wanted, best first; 1 (default) to <see cref="Beams"/>.</summary>
    public int Returned { get; init; } = 1;

    /// <summary>Most tokens of an answer, at least 1; null until the context is full.</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>As <see cref="GenerationOptions.FirstTokenId"/>.</summary>
    public int? FirstTokenId { get; init; }

    /// <summary>Goes on after the model's end-of-sequence tokens. Default false.</summary>
    public bool IgnoreEndOfSequence { get; init; }

    /// <summary>As <see cref="SamplingOptions.RepetitionPenalty"/>, of each beam's own tokens and the prompt. It
    /// changes logits, as it does without beams, and with that the scores; transformers applies it to log
    /// probabilities there.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>As <see cref="SamplingOptions.PresencePenalty"/>, of each beam's own tokens.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>As <see cref="SamplingOptions.FrequencyPenalty"/>, of each beam's own tokens.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>What each answer must be; null for anything (default). Whole rows of logits come then. An answer ends
    /// where the grammar does.</summary>
    public TokenGrammar? Grammar { get; init; }

    internal SamplingOptions Penalties => new()
    {
        Temperature = 0,
        RepetitionPenalty = RepetitionPenalty,
        PresencePenalty = PresencePenalty,
        FrequencyPenalty = FrequencyPenalty,
    };

    internal void Validate()
    {
        Penalties.Validate();
        Check(Beams is >= 1 and <= MostBeams, nameof(Beams), Beams, $"1 to {MostBeams}");
        Check(Returned >= 1 && Returned <= Beams, nameof(Returned), Returned, $"1 to {Beams}");
        Check(MaxNewTokens is null or >= 1, nameof(MaxNewTokens), MaxNewTokens, "at least 1");
        Check(
            LengthPenalty is >= -MostLengthPenalty and <= MostLengthPenalty,
            nameof(LengthPenalty), LengthPenalty, $"-{MostLengthPenalty} to {MostLengthPenalty}");
        Check(Enum.IsDefined(Stopping), nameof(Stopping), Stopping, "Heuristic, First or Never");
    }

    private static void Check(bool isGood, string name, object? value, string allowed)
    {
        if (!isGood)
        {
            throw new ArgumentException(FormattableString.Invariant($"{name} is {value}; allowed is {allowed}"), name);
        }
    }
}
