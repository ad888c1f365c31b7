using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Forward;

/// <summary>Finds out whether passes may run together. A manifest does not say what a first axis is: where it is a
/// length (or rows are compared with one another), passes laid one behind the other are one sequence, and each would be
/// answered with what the other sent. So pairs that wait run both ways first, and are answered with what each gave
/// alone. A pair's values are the callers': none decides on its own, and pairs of one owner say nothing of others.
/// </summary>
/// <param name="isNarrow">True where numbers of the graph are of half precision, whatever its outputs are.</param>
internal sealed class BatchTrial(bool isNarrow = false)
{
    // Rows that look at others are off by about as much as they are; those that do not, by what sums are rounded where
    // kernels go by the number of rows: 2⁻²⁴ of float32 and 2⁻⁸ of bfloat16, many times.
    private const double Tolerance = 1e-3;
    private const double NarrowTolerance = 1e-2;

    // Two passes that say nearly the same would not show it.
    private const double LeastDifference = 10;
    private const int MostSkipped = 16;
    private const int Pairs = 2;
    private const int SeveralOwners = 2;
    private readonly HashSet<string> _owners = new(StringComparer.Ordinal);
    private int _agreed;
    private int _differed;
    private int _skip;
    private int _nextSkip = 1;

    /// <summary>Called once with what is known for the life of the graph: true where passes of all run together, false
    /// where none do.</summary>
    public Action<bool>? Decided { get; init; }

    // One pair that differed is made good by two more that agreed.
    private bool HaveAgreed => _agreed >= Pairs * (1 + _differed);

    /// <summary>True where passes of these owners run together; null while it is not known.</summary>
    public bool? MayJoin(string one, string other) =>
        _differed >= Pairs ? false
        : HaveAgreed && (_owners.Count >= SeveralOwners || (one == other && _owners.Contains(one))) ? true
        : null;

    /// <summary>True where the next two are to be tried. After two that showed nothing, more go untried.</summary>
    public bool IsDue() => _skip-- <= 0;

    /// <summary>True where a pass got something else of the run of both than alone.</summary>
    /// <param name="together">What it got; null where an output has not one row a row.</param>
    /// <param name="alone">What it gave alone.</param>
    public bool Differ(
        IReadOnlyDictionary<string, TensorPayload>? together, IReadOnlyDictionary<string, TensorPayload> alone) =>
        together is null || alone.Any(pair => !together[pair.Key].Shape.SequenceEqual(pair.Value.Shape)
            || AnswerComparison.Differ(
                together[pair.Key], pair.Value, pair.Value.Shape[0], ToleranceOf(pair.Value)));

    /// <summary>Learns from two passes.</summary>
    /// <param name="differed">Whether either got something else together.</param>
    /// <param name="first">What the first got of the run of both.</param>
    /// <param name="second">What the second got.</param>
    /// <param name="owners">Whose they were.</param>
    public void Learn(
        bool differed,
        IReadOnlyDictionary<string, TensorPayload>? first,
        IReadOnlyDictionary<string, TensorPayload>? second,
        params ReadOnlySpan<string> owners)
    {
        var wasDecided = IsDecided;
        if (differed || first is null || second is null)
        {
            _differed++;
        }
        else if (first.Any(pair => IsTelling(pair.Value, first.Values) && ShowsMore(pair.Value, second[pair.Key])))
        {
            _agreed++;
            (_skip, _nextSkip) = (0, 1);
            foreach (var owner in owners)
            {
                // No more than are needed are kept.
                _ = _owners.Count < SeveralOwners && _owners.Add(owner);
            }
        }
        else
        {
            LearnNothing();
        }

        Tell(wasDecided);
    }

    /// <summary>Learns that the run of both failed where each succeeds alone.</summary>
    public void LearnFailure()
    {
        var wasDecided = IsDecided;
        _differed++;
        LearnNothing();
        Tell(wasDecided);
    }

    /// <summary>The next pairs are left alone for a while.</summary>
    public void LearnNothing() => (_skip, _nextSkip) = (_nextSkip, Math.Min(MostSkipped, 2 * _nextSkip));

    private bool IsDecided => _differed >= Pairs || (HaveAgreed && _owners.Count >= SeveralOwners);

    private void Tell(bool wasDecided)
    {
        if (IsDecided && !wasDecided)
        {
            Decided?.Invoke(_differed < Pairs);
        }
    }

    // Whole numbers beside floats may be lengths, which differ without a word of the rest.
    private static bool IsTelling(TensorPayload output, IEnumerable<TensorPayload> all) =>
        AnswerComparison.Dtype(output).IsWireFloat()
        || !all.Any(each => AnswerComparison.Dtype(each).IsWireFloat());

    // First rows are compared: passes may have other numbers of them.
    private bool ShowsMore(TensorPayload one, TensorPayload other) =>
        one.Data.Length > 0 && AnswerComparison.Differ(one, other, 1, LeastDifference * ToleranceOf(one));

    private double ToleranceOf(TensorPayload output) =>
        isNarrow || AnswerComparison.Dtype(output) != TensorDtype.Float32 ? NarrowTolerance : Tolerance;
}
