using System.Numerics.Tensors;

namespace Stip.Client.Sealing;

/// <summary>Logits of one row in the plain order: all of them, or the largest with their log-sum-exp.</summary>
public sealed class LogitsRow
{
    // Of shares: the logarithm of none at all is no number to draw with.
    private const float Least = 1e-38f;

    private LogitsRow(ReadOnlyMemory<float> values, ReadOnlyMemory<int> tokenIds, double? logsumexp) =>
        (Values, TokenIds, Logsumexp) = (values, tokenIds, logsumexp);

    /// <summary>True where <see cref="Values"/> holds every token's logit, by token id.</summary>
    public bool IsFull => Logsumexp is null;

    /// <summary>Full: <c>[vocab]</c> by token id. Otherwise <c>[k]</c>, largest first.</summary>
    public ReadOnlyMemory<float> Values { get; }

    /// <summary>Top-k: the token of each value, <c>[k]</c>. Full: empty.</summary>
    public ReadOnlyMemory<int> TokenIds { get; }

    /// <summary>Top-k: log Σ exp(logit / temperature) over the whole vocabulary. Full: null.</summary>
    public double? Logsumexp { get; }

    /// <summary>The token with the largest logit; among equals the lowest id that is known.</summary>
    public int ArgMax()
    {
        if (IsFull)
        {
            return TensorPrimitives.IndexOfMax(Values.Span);
        }

        var values = Values.Span;
        var ids = TokenIds.Span;
        var best = ids[0];
        for (var i = 1; i < ids.Length && values[i] == values[0]; i++)
        {
            best = Math.Min(best, ids[i]);
        }

        return best;
    }

    /// <summary>A full row of shares that add up to 1 as logits: their logarithms are such.</summary>
    internal static LogitsRow OfProbabilities(LogitsRow row)
    {
        var values = row.Values.ToArray(); // [vocab]
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = MathF.Log(MathF.Max(values[i], Least));
        }

        return Full(values);
    }

    internal static LogitsRow Full(ReadOnlyMemory<float> values) => new(values, default, null);

    internal static LogitsRow TopK(int[] tokenIds, float[] values, double logsumexp) =>
        new(values, tokenIds, logsumexp);
}
