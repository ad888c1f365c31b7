using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;

namespace Stip.Api.Runtime.Reduction;

/// <summary>The reductions of one step's rows of logits: one binding for each size that was asked for.</summary>
/// <param name="reduction">Stays its owner's.</param>
/// <param name="logits"><c>[rows, vocab]</c>; stays its owner's.</param>
/// <param name="rows">How many.</param>
/// <param name="rowBytes">Bytes of a whole one.</param>
/// <param name="device">Where they lie; null for the host.</param>
internal sealed class ReducedRows(
    RowReduction reduction, OrtValue logits, int rows, int rowBytes, IDeviceMemory? device) : IDisposable
{
    private readonly List<BoundReduction> _bound = [];

    /// <summary>Writes what is wanted of each row that is not wanted as a whole.</summary>
    public void Read(LogitsTarget target)
    {
        var most = 0;
        for (var row = 0; row < rows; row++)
        {
            most = Math.Max(most, target.Top(row).K);
        }

        if (most > 0)
        {
            Bound(reduction.Rounded(most)).Run(reduction, target, rowBytes);
        }
    }

    public void Dispose() => _bound.ForEach(bound => bound.Dispose());

    private BoundReduction Bound(int k)
    {
        foreach (var bound in _bound)
        {
            if (bound.K == k)
            {
                return bound;
            }
        }

        _bound.Add(reduction.Bind(logits, rows, k, device));
        return _bound[^1];
    }
}
