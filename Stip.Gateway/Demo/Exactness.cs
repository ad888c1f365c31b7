using System.Numerics.Tensors;
using Stip.Client.Generation;

namespace Stip.Gateway.Demo;

/// <summary>How far the protected model is from the plain one on the same tokens.</summary>
/// <param name="Positions">Rows of logits compared.</param>
/// <param name="LargestDifference">Largest |Δlogit| over all of them.</param>
internal sealed record Exactness(int Positions, float LargestDifference)
{
    /// <summary>What float32 sums in another order may differ by.</summary>
    public const float Tolerance = 1e-3f;

    public bool IsExact => LargestDifference <= Tolerance;

    public static async Task<Exactness> MeasureAsync(
        StipModel one, StipModel other, int[] tokenIds, CancellationToken cancellationToken)
    {
        await using var first = one.OpenSession(tokenIds.Length);
        await using var second = other.OpenSession(tokenIds.Length);
        var ours = await first.ScoreAsync(tokenIds, cancellationToken);
        var theirs = await second.ScoreAsync(tokenIds, cancellationToken);
        var difference = new float[one.Bundle.Permutation.VocabSize]; // [vocab]
        var largest = 0f;
        for (var i = 0; i < ours.Count; i++)
        {
            TensorPrimitives.Subtract(ours[i].Values.Span, theirs[i].Values.Span, difference);
            largest = Math.Max(largest, Math.Abs(TensorPrimitives.MaxMagnitude<float>(difference)));
        }

        return new Exactness(ours.Count, largest);
    }

    public Exactness And(Exactness other) =>
        new(Positions + other.Positions, Math.Max(LargestDifference, other.LargestDifference));
}
