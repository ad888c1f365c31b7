using Stip.Onnx;

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
    public int Windows => (Height / Window) * (Width / Window);

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

    /// <summary>What is added to scores so that only patches see each other that are neighbours in the image,
    /// <c>[windows, 1, size, size]</c>; null where all in a window are.</summary>
    /// <param name="times">How often it is added.</param>
    public float[]? Mask(int times = 1)
    {
        if (Shift == 0)
        {
            return null;
        }

        if ((long)Windows * Size * Size > Array.MaxLength)
        {
            throw new RefusedException($"config.json: {Windows} windows of {Size} patches have more pairs than a graph "
                + $"can hold; there may be 1..{Array.MaxLength}");
        }

        var mask = new float[Windows * Size * Size];
        for (var cell = 0; cell < mask.Length; cell++)
        {
            var (query, key) = Math.DivRem(cell, Size);
            var window = query / Size;
            mask[cell] = Region(query) == Region((window * Size) + key) ? 0 : times * Apart;
        }

        return mask;
    }

    // Where a place of a window is in the rolled grid.
    private (int Row, int Column) Place(int place)
    {
        var (window, inside) = Math.DivRem(place, Size);
        var across = Width / Window;
        return ((window / across * Window) + (inside / Window), (window % across * Window) + (inside % Window));
    }

    // The roll leaves strips at the lower and the right edge that come from elsewhere.
    private (int, int) Region(int place)
    {
        var (row, column) = Place(place);
        return (Strip(row, Height), Strip(column, Width));
    }

    private int Strip(int at, int length) => at < length - Window ? 0 : at < length - Shift ? 1 : 2;
}
