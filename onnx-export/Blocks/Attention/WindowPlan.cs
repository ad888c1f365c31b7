namespace Stip.Export.Blocks.Attention;

/// <summary>How a grid of patches is cut into square windows, shifted by some patches or not (Swin, arXiv
/// 2103.14030).</summary>
/// <param name="Rows">Patches from top to bottom.</param>
/// <param name="Columns">Patches from left to right.</param>
/// <param name="Window">Patches of a side of a window.</param>
/// <param name="Shift">By how many patches the grid is rolled up and to the left first.</param>
internal sealed record WindowPlan(int Rows, int Columns, int Window, int Shift)
{
    // What a pair loses whose patches the roll brought into one window.
    private const float Apart = -100;

    /// <summary>Patches of the grid.</summary>
    public int Count => Rows * Columns;

    /// <summary>Patches of a window.</summary>
    public int Size => Window * Window;

    /// <summary>Number of windows.</summary>
    public int Windows => Down * Across;

    /// <summary>Windows from top to bottom.</summary>
    public int Down => Height / Window;

    /// <summary>Windows from left to right.</summary>
    public int Across => Width / Window;

    /// <summary>True where the grid is filled up with zeros to whole windows.</summary>
    public bool IsFilled => Height * Width > Count;

    // With what fills it up.
    private int Height => (Rows + Window - 1) / Window * Window;

    private int Width => (Columns + Window - 1) / Window * Window;

    /// <summary>The patch at each place of each window; <see cref="Count"/> where zeros are filled in.</summary>
    public long[] Patches() =>
    [
        .. Enumerable.Range(0, Windows * Size).Select(place =>
        {
            var (row, column) = Place(place);
            (row, column) = ((row + Shift) % Height, (column + Shift) % Width);
            return row < Rows && column < Columns ? ((long)row * Columns) + column : Count;
        }),
    ];

    /// <summary>The place among the windows of each patch.</summary>
    public long[] Places()
    {
        var places = new long[Count + 1];
        var patches = Patches();
        for (var place = 0; place < patches.Length; place++)
        {
            places[patches[place]] = place;
        }

        return places[..Count];
    }

    /// <summary>True where the roll brought patches into one window that are no neighbours.</summary>
    public bool IsMasked => Shift > 0;

    /// <summary>What is added to the scores of two patches in the windows of each row, so that only those see each
    /// other that are neighbours from top to bottom, <c>[down, 1, 1, size, size]</c>: as long as the side of an image
    /// and not as its area. Two that are apart in both directions lose it twice, and are as little seen.</summary>
    /// <param name="times">How often it is added.</param>
    public float[] MaskOfRows(int times) => Mask(Down, Height, times, place => place / Window);

    /// <summary>The same from left to right, for the windows of each column,
    /// <c>[across, 1, size, size]</c>.</summary>
    /// <param name="times">How often it is added.</param>
    public float[] MaskOfColumns(int times) => Mask(Across, Width, times, place => place % Window);

    private float[] Mask(int windows, int length, int times, Func<int, int> at)
    {
        var mask = new float[windows * Size * Size];
        for (var cell = 0; cell < mask.Length; cell++)
        {
            var (query, key) = Math.DivRem(cell, Size);
            var (window, place) = Math.DivRem(query, Size);
            mask[cell] = Strip((window * Window) + at(place), length) == Strip((window * Window) + at(key), length)
                ? 0 : times * Apart;
        }

        return mask;
    }

    // Where a place of a window is in the rolled grid.
    private (int Row, int Column) Place(int place)
    {
        var (window, inside) = Math.DivRem(place, Size);
        return ((window / Across * Window) + (inside / Window), (window % Across * Window) + (inside % Window));
    }

    // The roll leaves strips at the lower and the right edge that come from elsewhere.
    private int Strip(int at, int length) => at < length - Window ? 0 : at < length - Shift ? 1 : 2;
}
