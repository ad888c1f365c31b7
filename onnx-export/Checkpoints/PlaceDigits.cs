using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>A table whose rows say which row they are, by two digits that every float type holds exactly: the quotient
/// by <see cref="Base"/> and the rest.</summary>
/// <param name="Name">Name in errors.</param>
/// <param name="Rows">How many rows.</param>
/// <param name="FirstDigit">The column of the quotient; the rest is in the next one.</param>
/// <param name="Columns">Columns of the table; others hold zeros.</param>
internal sealed record PlaceDigits(string Name, long Rows, int FirstDigit, int Columns)
    : CheckpointTensor(Name, TensorDtype.Float32, [Rows, Columns])
{
    /// <summary>What a row's number is divided by.</summary>
    public const int Base = 64;

    /// <summary>The largest number of rows: whole numbers up to 256 are exact in bfloat16 too.</summary>
    public const int MostRows = 256 * Base;

    public override void Read(long firstElement, Span<float> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var (row, column) = Math.DivRem(firstElement + i, Columns);
            values[i] = column == FirstDigit ? row / Base : column == FirstDigit + 1 ? row % Base : 0;
        }
    }
}
