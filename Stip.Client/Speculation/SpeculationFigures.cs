namespace Stip.Client.Speculation;

/// <summary>What was learned of a model and its server, shared by all generations of it.</summary>
internal sealed class SpeculationFigures
{
    private readonly HitRate[] _copies = [new(0.2), new(0.4), new(0.7)];

    public RoundCosts Rounds { get; } = new();

    public HitRate Draft { get; } = new(0.5);

    /// <summary>Milliseconds of a token of the draft model.</summary>
    public RunningMean DraftTime { get; } = new(0.2);

    /// <summary>Of guesses that were copied after so many equal tokens.</summary>
    public HitRate Copy(int matchedTokens) => _copies[matchedTokens switch { 1 => 0, < 4 => 1, _ => 2 }];
}
