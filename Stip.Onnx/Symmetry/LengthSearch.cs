namespace Stip.Onnx.Symmetry;

/// <summary>
/// Looks for the length that a graph was traced at though its inputs leave it free: where one node fails at several
/// lengths, what grows with them must become what stays (a table of places, a mask that is a constant), along a line.
/// </summary>
internal sealed class LengthSearch
{
    private const int Longest = 4096;
    private const int MostTried = 4;

    private readonly List<(int Length, MisfitException Fault)> _seen = [];
    private readonly HashSet<int> _tried = [];
    private int _found;
    private int _most = Longest;

    /// <summary>Notes what failed at a length.</summary>
    public void Add(int length, Exception? fault)
    {
        _tried.Add(length);
        if (fault is MisfitException misfit)
        {
            _seen.Add((length, misfit));
        }
    }

    /// <summary>Leaves out lengths of no less than one that was too large.</summary>
    public void EndBefore(int length) => _most = Math.Min(_most, length - 1);

    /// <summary>The next length to try, null where there is none.</summary>
    public int? Next()
    {
        // Nodes that the last runs got to come first.
        string[] nodes = [.. _seen.AsEnumerable().Reverse().Select(entry => entry.Fault.Node).Distinct()];
        foreach (var node in _found < MostTried ? nodes : [])
        {
            var faults = _seen.Where(entry => entry.Fault.Node == node).DistinctBy(entry => entry.Length).ToArray();
            for (var last = faults.Length - 1; last > 0; last--)
            {
                foreach (var length in Meeting(faults[last - 1], faults[last]).Where(_tried.Add))
                {
                    _found++;
                    return length;
                }
            }
        }

        // One row fits where rows of a table are added to it, as if it stood at all places.
        return _seen.Count > 0 && _tried.Add(1) ? 1 : null;
    }

    private IEnumerable<int> Meeting(
        (int Length, MisfitException Fault) one, (int Length, MisfitException Fault) other)
    {
        var (before, after) = (Axes(one.Fault), Axes(other.Fault));
        if (before.Length != after.Length)
        {
            return [];
        }

        var pairs = before.Zip(after).ToArray();
        return
        [
            .. from grown in pairs
               where grown.First.Length != grown.Second.Length
               from fixedOne in pairs
               where fixedOne.First.Length == fixedOne.Second.Length && fixedOne.First.Length > 1
               let slope = (grown.Second.Length - grown.First.Length) / (double)(other.Length - one.Length)
               let length = Math.Round(other.Length + ((fixedOne.First.Length - grown.Second.Length) / slope))
               where length > 0 && length <= _most
               orderby grown.First.FromEnd != fixedOne.First.FromEnd, grown.First.Operand == fixedOne.First.Operand,
                   -fixedOne.First.Length
               select (int)length,
        ];
    }

    private static (int Operand, int FromEnd, int Length)[] Axes(MisfitException fault) =>
    [
        .. fault.Lengths.SelectMany((lengths, operand) =>
            lengths.Select((length, axis) => (operand, lengths.Count - axis, length))),
    ];
}
