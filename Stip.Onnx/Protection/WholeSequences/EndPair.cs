using System.Numerics.Tensors;
using Stip.Onnx.Execution;

namespace Stip.Onnx.Protection.WholeSequences;

/// <summary>Scores of two texts that differ in their last token; of several in a pass the first is judged.</summary>
internal sealed class EndPair
{
    // Shares of half precision add up to 1 about so well.
    private const float ShareTolerance = 1e-2f;

    private readonly float[] _one;
    private readonly float[] _other;
    private readonly int _rows; // of all texts
    private readonly ChangedEnds.Lengths _lengths;
    private readonly int _width;

    /// <param name="one">Of the one text.</param>
    /// <param name="other">Of the other.</param>
    /// <param name="lengths">Of both.</param>
    /// <param name="width">Scores of a row.</param>
    public EndPair(HostTensor one, HostTensor other, ChangedEnds.Lengths lengths, int width)
    {
        (_one, _other, _lengths, _width) = (one.ToFloats(), other.ToFloats(), lengths, width);
        _rows = _one.Length / width;
    }

    /// <summary>True for a row of scores for each token.</summary>
    public bool HasAllRows => _rows == _lengths.Texts * _lengths.Tokens;

    /// <summary>True for one row for each text.</summary>
    public bool HasLastRow => _rows == _lengths.Texts && !HasAllRows;

    /// <summary>True where rows are shares that add up to 1.</summary>
    public bool HasProbabilities
    {
        get
        {
            var row = _one.AsSpan(0, _width);
            return TensorPrimitives.Min<float>(row) >= 0
                && MathF.Abs(TensorPrimitives.Sum<float>(row) - 1) <= ShareTolerance;
        }
    }

    /// <summary>True where the rows before the last one are the same.</summary>
    public bool Keeps(float tolerance) => Distance(0, _lengths.Tokens - 1) <= tolerance * Scale;

    /// <summary>True where the last one is another.</summary>
    public bool Changes(float tolerance) => Distance(_lengths.Tokens - 1, 1) > tolerance * Scale;

    // Words that are never said have no finite score.
    private float Scale => _one.Where(float.IsFinite).Select(MathF.Abs).DefaultIfEmpty().Max();

    // The largest difference, without an end where one side has no number, or one without an end that the other has
    // not.
    private float Distance(int row, int count)
    {
        var largest = 0f;
        for (var i = row * _width; i < (row + count) * _width; i++)
        {
            var difference = _one[i] == _other[i] ? 0 : MathF.Abs(_one[i] - _other[i]);
            largest = float.IsNaN(difference) ? float.PositiveInfinity : MathF.Max(largest, difference);
        }

        return largest;
    }
}
