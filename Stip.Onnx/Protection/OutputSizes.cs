namespace Stip.Onnx.Protection;

/// <summary>
/// How large the numbers of an output are, and how far off, where one that only fills places (the least float, -1e4)
/// must not be taken for a size: it would excuse all others.
/// </summary>
internal sealed class OutputSizes
{
    // A float has as many powers of two, from the least that is not rounded to nothing.
    private const int Powers = 256;
    private const int Offset = 128;

    // A filler is far above all that is smaller (seven powers of two lie between), and the same everywhere, but for
    // numbers that it was added to. The few features of a layer that are large are not all the same.
    private const double LeastFiller = 5e3;
    private const int Gap = 7;
    private const double Alike = 0.99;

    // What is left where numbers of that size cancel out, as a share of it.
    private const double Cancelled = 1e-3;

    private readonly double[] _smallest = new double[Powers];
    private readonly double[] _largest = new double[Powers];
    private readonly double[] _off = new double[Powers];

    /// <summary>True where there was a finite number.</summary>
    public bool HasNumbers { get; private set; }

    /// <summary>All together: how far off they are, and the largest of them.</summary>
    public (double Off, double Scale) All => (_off.Max(), _largest.Max());

    /// <param name="number">What the plain model gives.</param>
    /// <param name="distance">How far the other one is from it.</param>
    public void Add(float number, double distance)
    {
        var isFinite = float.IsFinite(number);
        var size = isFinite ? Math.Abs((double)number) : 0;
        var power = size == 0 ? 0 : Math.Clamp(Math.ILogB(size) + Offset, 0, Powers - 1);
        HasNumbers |= isFinite;
        _smallest[power] = _largest[power] == 0 ? size : Math.Min(_smallest[power], size);
        _largest[power] = Math.Max(_largest[power], size);
        _off[power] = Math.Max(_off[power], distance);
    }

    /// <summary>Fillers, each by itself, and the rest, which is judged by its own size.</summary>
    public IEnumerable<(double Off, double Scale)> Apart()
    {
        var (end, least) = (Powers - 1, 0.0);
        while (true)
        {
            while (end > 0 && _largest[end] == 0)
            {
                end--;
            }

            // Two powers at most: a number may lie at the border of one.
            var start = end > 0 && _largest[end - 1] > 0 ? end - 1 : end;
            var (smallest, largest) = (_smallest[start], _largest[end]);
            var next = start - 1;
            while (next > 0 && _largest[next] == 0)
            {
                next--;
            }

            if (smallest < LeastFiller || smallest < largest * Alike || start - next <= Gap)
            {
                yield return (_off[..(end + 1)].Max(), Math.Max(_largest[end], least));
                yield break;
            }

            var off = Math.Max(_off[start], _off[end]);
            least = Math.Max(least, off > 0 ? largest * Cancelled : 0);
            yield return (off, largest);
            end = next;
        }
    }
}
