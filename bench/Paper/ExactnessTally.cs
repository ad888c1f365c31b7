using System.Numerics.Tensors;

namespace Stip.Bench.Paper;

/// <summary>Adds up how far answers lie from each other.</summary>
internal sealed class ExactnessTally
{
    private int _answers;
    private int _same;
    private double _sum;
    private float _largest;

    /// <summary>Answers, mean sum of absolute differences, largest difference, share of equal classes.</summary>
    public string[] Cells =>
    [
        FormattableString.Invariant($"{_answers}"),
        FormattableString.Invariant($"{_sum / _answers:0.0E0}"),
        FormattableString.Invariant($"{_largest:0.0E0}"),
        FormattableString.Invariant($"{100.0 * _same / _answers:0.##} %"),
    ];

    public void Add(ReadOnlySpan<float> first, ReadOnlySpan<float> second)
    {
        _answers++;
        _same += TensorPrimitives.IndexOfMax(first) == TensorPrimitives.IndexOfMax(second) ? 1 : 0;
        for (var i = 0; i < first.Length; i++)
        {
            var distance = Math.Abs(first[i] - second[i]);
            _sum += distance;
            _largest = Math.Max(_largest, distance);
        }
    }
}
