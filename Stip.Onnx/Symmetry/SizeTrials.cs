namespace Stip.Onnx.Symmetry;

/// <summary>At which sizes graphs were tried, what they failed on there, and which sizes are next.</summary>
/// <param name="guesses">Of each graph those to try, one after the other.</param>
internal sealed class SizeTrials(ProbeSizes[][] guesses)
{
    private const int LongestForMissed = 16;

    private readonly int[] _tried = new int[guesses.Length];
    private readonly int[] _usual = [.. guesses.Select(list => list.Length)];
    private readonly LengthSearch[] _searches = [.. guesses.Select(_ => new LengthSearch())];
    private RefusedException? _first;
    private (int Free, RefusedException Refusal)? _longest;
    private RefusedException? _other;

    /// <summary>Of each graph those that are tried now.</summary>
    public ProbeSizes[] Sizes => [.. guesses.Zip(_tried, (list, at) => list[at])];

    /// <summary>True once a run failed.</summary>
    public bool HasFailed => _first is not null;

    /// <summary>Goes on to larger sizes for texts, where there are some that a run is not long for.</summary>
    public bool GoLarger()
    {
        for (var graph = 0; graph < guesses.Length; graph++)
        {
            var now = guesses[graph][_tried[graph]];
            var next = Array.FindIndex(guesses[graph], _tried[graph] + 1, sizes => sizes.Picture == 0
                && sizes.Sequence > now.Sequence && sizes.Sequence <= LongestForMissed);
            if (next < 0)
            {
                return false;
            }

            _tried[graph] = next;
        }

        return true;
    }

    /// <summary>Goes on to the next sizes of a graph that failed at these; false where there are none.</summary>
    public bool GoOn(int graph, RefusedException refusal)
    {
        _first ??= refusal;
        if (refusal.InnerException is { } fault)
        {
            var free = guesses[graph][_tried[graph]].Free;
            _longest = _longest is { } longest && longest.Free >= free ? longest : (free, refusal);
            _searches[graph].Add(free, fault);
            return ++_tried[graph] < guesses[graph].Length || Searched(graph);
        }

        // A larger run would not end otherwise, and one that was searched for takes as long as all before it.
        _other ??= refusal;
        _searches[graph].EndBefore(guesses[graph][_tried[graph]].Free);
        return _tried[graph] < _usual[graph] && Searched(graph);
    }

    /// <summary>What is said of a graph that fits no sizes: what the first run failed on, and what the largest
    /// did.</summary>
    public RefusedException Refusal(int graph)
    {
        var (first, larger) = (_first!, _other);
        if (larger is null && _longest is { } longest && NodeOf(longest.Refusal) != NodeOf(first))
        {
            larger = longest.Refusal;
        }

        var message = larger is null ? first.Message : $"{first.Message} (at larger sizes: {larger.Message})";
        return new RefusedException(
            guesses[graph][0].Picture == 0 || _other is not null ? message
                : $"{message} (its pictures were tried with sides of "
                    + $"{string.Join(", ", guesses[graph].Select(sizes => sizes.Picture))}; fixing height and "
                    + "width in the graph's inputs to what it was made for may help)",
            first);
    }

    private static string? NodeOf(RefusedException refusal) => (refusal.InnerException as MisfitException)?.Node;

    // Lengths that follow from what did not fit are tried behind all others.
    private bool Searched(int graph)
    {
        if (_searches[graph].Next() is not { } length)
        {
            return false;
        }

        guesses[graph] = [.. guesses[graph], guesses[graph][0].WithFree(length)];
        _tried[graph] = guesses[graph].Length - 1;
        return true;
    }
}
