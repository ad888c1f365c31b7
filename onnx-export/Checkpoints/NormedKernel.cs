namespace Stip.Export.Checkpoints;

/// <summary>A convolution's kernel that is stored as a direction and, for each place of it, a length (weight
/// normalisation over the channels).</summary>
/// <param name="Direction">The kernel <c>[out, in, places]</c> before it is scaled.</param>
/// <param name="Lengths">Lengths <c>[1, 1, places]</c>.</param>
internal sealed record NormedKernel(CheckpointTensor Direction, CheckpointTensor Lengths)
    : CheckpointTensor(Direction.Name, Direction.Dtype, Direction.Shape)
{
    private readonly Lazy<float[]> _factors = new(() =>
    {
        var places = (int)Direction.Shape[2];
        var (values, lengths) = (new float[Direction.ElementCount], new float[places]);
        Direction.Read(0, values);
        Lengths.Read(0, lengths);
        var squares = new double[places];
        for (var i = 0; i < values.Length; i++)
        {
            squares[i % places] += (double)values[i] * values[i];
        }

        return [.. lengths.Select((length, place) => (float)(length / Math.Sqrt(squares[place])))];
    });

    public override void Read(long firstElement, Span<float> values)
    {
        Direction.Read(firstElement, values);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] *= _factors.Value[(firstElement + i) % _factors.Value.Length];
        }
    }
}
