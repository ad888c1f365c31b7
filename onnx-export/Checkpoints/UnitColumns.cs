using System.Numerics.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>A matrix whose columns are brought to length 1. Their lengths take one pass over the matrix.</summary>
internal sealed record UnitColumns : CheckpointTensor
{
    // What Ling adds to every length.
    private const float Added = 1e-7f;

    private readonly CheckpointTensor _source;
    private readonly Lazy<float[]> _lengths;

    /// <param name="source">The matrix.</param>
    public UnitColumns(CheckpointTensor source)
        : base(source.Name, source.Dtype, source.Shape)
    {
        _source = source;
        _lengths = new Lazy<float[]>(Lengths);
    }

    public override void Read(long firstElement, Span<float> values)
    {
        _source.Read(firstElement, values);
        var (lengths, column) = (_lengths.Value, (int)(firstElement % Shape[1]));
        while (!values.IsEmpty)
        {
            var part = values[..Math.Min(values.Length, lengths.Length - column)];
            TensorPrimitives.Divide(part, lengths.AsSpan(column, part.Length), part);
            values = values[part.Length..];
            column = 0;
        }
    }

    private float[] Lengths()
    {
        var (row, squares) = (new float[Shape[1]], new double[Shape[1]]);
        for (var first = 0L; first < Shape[0] * Shape[1]; first += row.Length)
        {
            _source.Read(first, row);
            for (var column = 0; column < row.Length; column++)
            {
                squares[column] += (double)row[column] * row[column];
            }
        }

        return [.. squares.Select(sum => (float)Math.Sqrt(sum) + Added)];
    }
}
