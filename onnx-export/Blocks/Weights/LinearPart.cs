using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Stip.Export.Blocks.Attention;
using Stip.Export.Checkpoints;

namespace Stip.Export.Blocks.Weights;

/// <summary>A projection of the checkpoint that becomes columns <c>[in, out]</c> of a matrix of the graph.</summary>
/// <param name="Tensor">The stored matrix.</param>
/// <param name="Inputs">How its inputs stand in the graph.</param>
/// <param name="Outputs">How its outputs stand in the graph.</param>
/// <param name="StoredOutputsFirst">True for <c>[out, in]</c> (torch Linear), false for <c>[in, out]</c>
/// (Conv1D).</param>
internal sealed record LinearPart(
    CheckpointTensor Tensor, HeadPadding Inputs, HeadPadding Outputs, bool StoredOutputsFirst = true)
{
    private const int CacheLineBytes = 64;

    // Keeps rows of a block from starting at the same place of every page, where they would push each other out.
    private const int Skew = 17;

    /// <summary>Fills graph rows <paramref name="firstRow"/>.. of the columns from <paramref name="column"/>
    /// on, with every core.</summary>
    /// <param name="tile">Rows <c>[rows, width]</c>, cleared.</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="width">Columns of the whole matrix.</param>
    /// <param name="column">First column of this part.</param>
    /// <param name="firstRow">First row of the tile.</param>
    /// <typeparam name="T">float, or what two bytes of the checkpoint are moved as.</typeparam>
    public void Fill<T>(T[] tile, int rows, int width, int column, int firstRow)
        where T : unmanaged
    {
        if (StoredOutputsFirst && Tensor is TurnedColumns turned)
        {
            // Turned twice it would be what is stored.
            (this with { Tensor = turned.AsStored }).FillAsStored(tile, rows, width, column, firstRow);
        }
        else if (StoredOutputsFirst)
        {
            FillTransposed(tile, rows, width, column, firstRow);
        }
        else
        {
            FillAsStored(tile, rows, width, column, firstRow);
        }
    }

    // As many outputs at once as a cache line holds, from as many rows as caches follow.
    private void FillTransposed<T>(T[] tile, int rows, int width, int column, int firstRow)
        where T : unmanaged
    {
        var together = CacheLineBytes / Unsafe.SizeOf<T>();
        var (firstInput, inputs) = Inputs.Sources(firstRow, rows);
        var sources = new int[rows];
        for (var row = 0; row < rows; row++)
        {
            sources[row] = Inputs.Source(firstRow + row) - firstInput;
        }

        var stride = inputs + Skew;
        Parallel.For(
            0,
            (Outputs.Length + together - 1) / together,
            () => new T[together * stride], // [outputs, inputs]
            (block, _, stored) =>
            {
                var first = block * together;
                var outputs = Math.Min(together, Outputs.Length - first);
                ReadBlock(stored, first, outputs, firstInput, inputs, stride);
                Turn(stored, stride, sources, outputs, tile, width, column + first);
                return stored;
            },
            _ => { });
    }

    private void ReadBlock<T>(T[] stored, int first, int outputs, int firstInput, int inputs, int stride)
        where T : unmanaged
    {
        for (var i = 0; i < outputs; i++)
        {
            var row = stored.AsSpan(i * stride, inputs);
            if (Outputs.Source(first + i) is >= 0 and var source)
            {
                Tensor.ReadAs((long)source * Inputs.StoredLength + firstInput, row);
            }
            else
            {
                row.Clear();
            }
        }
    }

    private static void Turn<T>(
        T[] stored, int stride, int[] sources, int outputs, T[] tile, int width, int column)
        where T : unmanaged
    {
        ref var from = ref MemoryMarshal.GetArrayDataReference(stored);
        for (var row = 0; row < sources.Length; row++)
        {
            if (sources[row] < 0)
            {
                continue;
            }

            ref var read = ref Unsafe.Add(ref from, sources[row]);
            var written = tile.AsSpan(row * width + column, outputs);
            for (var output = 0; output < written.Length; output++)
            {
                written[output] = Unsafe.Add(ref read, output * stride);
            }
        }
    }

    private void FillAsStored<T>(T[] tile, int rows, int width, int column, int firstRow)
        where T : unmanaged => Parallel.For(
        0,
        rows,
        () => new T[Outputs.StoredLength],
        (row, _, stored) =>
        {
            if (Inputs.Source(firstRow + row) is >= 0 and var source)
            {
                Tensor.ReadAs<T>((long)source * Outputs.StoredLength, stored);
                for (var output = 0; output < Outputs.Length; output++)
                {
                    if (Outputs.Source(output) is >= 0 and var channel)
                    {
                        tile[row * width + column + output] = stored[channel];
                    }
                }
            }

            return stored;
        },
        _ => { });
}
