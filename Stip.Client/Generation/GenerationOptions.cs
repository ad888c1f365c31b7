using Stip.Client.Sampling;

namespace Stip.Client.Generation;

/// <summary>When a generation stops and how its tokens are chosen.</summary>
public sealed record GenerationOptions
{
    /// <summary>Most tokens to generate, at least 1; null until the session is full.</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>How tokens are chosen; greedy by default.</summary>
    public SamplingOptions Sampling { get; init; } = new() { Temperature = 0 };

    /// <summary>Texts that end the generation and are not part of it.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Goes on after the model's end-of-sequence tokens. Default false.</summary>
    public bool IgnoreEndOfSequence { get; init; }
}
