using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;

namespace Stip.Api.Runtime.Reduction;

/// <summary>The reductions of one step's rows of logits, some rows at once: one binding for each size that was asked
/// for lately.</summary>
/// <param name="reduction">Stays its owner's.</param>
/// <param name="logits">The first row and the number of some rows to these, <c>[rows, vocab]</c>.</param>
/// <param name="rows">How many there are.</param>
/// <param name="rowBytes">Bytes of a whole one.</param>
/// <param name="device">Where they lie; null for the host.</param>
internal sealed class ReducedRows(
    RowReduction reduction, Func<int, int, OrtValue> logits, int rows, int rowBytes, IDeviceMemory? device)
    : IDisposable
{
    // Of the same rows: callers choose sizes, and each has memory of its own.
    private const int MostSizes = 4;
    private readonly List<BoundReduction> _bound = []; // used longest ago first

    public long Bytes => _bound.Sum(bound => bound.Bytes);

    /// <summary>Writes what is wanted of each row that is not wanted as a whole.</summary>
    public void Read(LogitsTarget target)
    {
        for (var first = 0; first < rows; first += reduction.RowsAtOnce)
        {
            var count = Math.Min(reduction.RowsAtOnce, rows - first);
            var most = 0;
            for (var row = first; row < first + count; row++)
            {
                most = Math.Max(most, target.Top(row).K);
            }

            if (most > 0)
            {
                Bound(first, count, reduction.Rounded(most)).Run(reduction, target, rowBytes);
            }
        }
    }

    public void Dispose() => _bound.ForEach(bound => bound.Dispose());

    private BoundReduction Bound(int first, int count, int k)
    {
        var found = _bound.Find(bound => bound.First == first && bound.K == k);
        if (found is not null)
        {
            _bound.Remove(found);
        }
        else
        {
            MakeRoom(first);
            found = reduction.Bind(logits(first, count), first, count, k, device);
        }

        _bound.Add(found);
        return found;
    }

    private void MakeRoom(int first)
    {
        if (_bound.Count(bound => bound.First == first) == MostSizes)
        {
            var least = _bound.Find(bound => bound.First == first)!;
            _bound.Remove(least);
            least.Dispose();
        }
    }
}
