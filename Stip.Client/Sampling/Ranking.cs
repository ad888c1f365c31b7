namespace Stip.Client.Sampling;

/// <summary>Tokens from the most likely down, as far as they are known, by their penalised logits.</summary>
internal abstract class Ranking
{
    /// <summary>Whether a question went further than what is known, so that the answer means nothing.</summary>
    public bool RanOut { get; protected set; }

    /// <summary>Divides the logits; above 0.</summary>
    public double Temperature { get; set; } = 1;

    /// <summary>The greatest logit; its weight is 1.</summary>
    public float Greatest { get; protected set; }

    /// <summary>How many tokens there are at most.</summary>
    public abstract int Count { get; }

    /// <summary>Whether there is a token of this rank.</summary>
    public abstract bool Has(int rank);

    public abstract int Id(int rank);

    public abstract float Logit(int rank);

    // In double throughout, so that a list and a full row draw alike.
    public double Weight(int rank) => Math.Exp((Logit(rank) - (double)Greatest) / Temperature);
}
