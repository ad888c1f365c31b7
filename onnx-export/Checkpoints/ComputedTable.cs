using Stip.Onnx;

namespace Stip.Export.Checkpoints;

/// <summary>Tables that follow from sizes in config.json alone: no file bounds them.</summary>
internal static class ComputedTable
{
    // Half as much again as Llama 4 has, which was made for 10 million positions.
    private const long MostNumbers = 1L << 30;

    /// <summary>Refuses a table that no model has, before any of it is computed.</summary>
    /// <param name="positions">Rows.</param>
    /// <param name="width">Numbers of a row.</param>
    /// <exception cref="RefusedException">It would have more than 2^30 numbers.</exception>
    public static void Check(long positions, int width)
    {
        if (positions * width > MostNumbers)
        {
            throw new RefusedException($"config.json: a table of {positions} positions with {width} numbers each is "
                + $"too large; it may have {MostNumbers} numbers");
        }
    }
}
