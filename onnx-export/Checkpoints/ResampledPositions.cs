namespace Stip.Export.Checkpoints;

/// <summary>Positions of a grid of patches for a grid of another size, by cubic interpolation; rows before the grid
/// stay.</summary>
/// <param name="Source">The table <c>[1, before + side · side, hidden]</c>.</param>
/// <param name="Before">Rows before the grid.</param>
/// <param name="Rows">Patches from top to bottom.</param>
/// <param name="Columns">Patches from left to right.</param>
/// <param name="IsSmoothed">True where a smaller grid takes the mean of all that lies between its patches, false where
/// it takes the four nearest.</param>
internal sealed record ResampledPositions(
    CheckpointTensor Source, int Before, int Rows, int Columns, bool IsSmoothed)
    : CheckpointTensor(Source.Name, Source.Dtype, [1, Before + (Rows * Columns), Source.Shape[2]])
{
    private readonly Lazy<float[]> _table = new(() => Resample(Source, Before, Rows, Columns, IsSmoothed));

    public override void Read(long firstElement, Span<float> values) =>
        _table.Value.AsSpan((int)firstElement, values.Length).CopyTo(values);

    private static float[] Resample(CheckpointTensor source, int before, int rows, int columns, bool isSmoothed)
    {
        var stored = new float[source.ElementCount];
        source.Read(0, stored);
        var (side, hidden) = ((int)Math.Sqrt(source.Shape[1] - before), (int)source.Shape[2]);
        var (down, across) = (Weights(side, rows, isSmoothed), Weights(side, columns, isSmoothed));
        var table = new float[(before + (rows * columns)) * hidden];
        stored.AsSpan(0, before * hidden).CopyTo(table);
        Parallel.For(0, rows * columns, patch =>
        {
            var (row, column) = Math.DivRem(patch, columns);
            var sum = new double[hidden];
            foreach (var (fromRow, share) in down[row])
            {
                foreach (var (fromColumn, part) in across[column])
                {
                    var from = (before + (fromRow * side) + fromColumn) * hidden;
                    for (var i = 0; i < hidden; i++)
                    {
                        sum[i] += share * part * stored[from + i];
                    }
                }
            }

            for (var i = 0; i < hidden; i++)
            {
                table[((before + patch) * hidden) + i] = (float)sum[i];
            }
        });
        return table;
    }

    // Which stored places make each place, and with what weight.
    private static (int From, double Weight)[][] Weights(int from, int to, bool isSmoothed)
    {
        var step = (double)from / to;
        return [.. Enumerable.Range(0, to).Select(place => isSmoothed
            ? Smooth(from, step, step * (place + 0.5))
            : Nearest(from, (step * (place + 0.5)) - 0.5))];
    }

    private static (int, double)[] Nearest(int from, double at)
    {
        var first = (int)Math.Floor(at) - 1;
        return [.. Enumerable.Range(first, 4).Select(
            place => (Math.Clamp(place, 0, from - 1), Cubic(at - place, -0.75)))];
    }

    private static (int, double)[] Smooth(int from, double step, double at)
    {
        var stretch = Math.Max(step, 1);
        var (first, last) = (
            Math.Max((int)(at - (2 * stretch) + 0.5), 0), Math.Min((int)(at + (2 * stretch) + 0.5), from));
        (int Place, double Weight)[] taps = [.. Enumerable.Range(first, last - first).Select(
            place => (place, Cubic((place - at + 0.5) / stretch, -0.5)))];
        var sum = taps.Sum(tap => tap.Weight);
        return [.. taps.Select(tap => (tap.Place, tap.Weight / sum))];
    }

    private static double Cubic(double distance, double slope)
    {
        var x = Math.Abs(distance);
        return x < 1 ? ((((slope + 2) * x) - (slope + 3)) * x * x) + 1
            : x < 2 ? slope * ((((x - 5) * x) + 8) * x - 4)
            : 0;
    }
}
