using System.Numerics.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>A table to whose every row the same rows are added.</summary>
/// <param name="Source">The table <c>[rows, width]</c>.</param>
/// <param name="Added">Rows <c>[1, width]</c>.</param>
internal sealed record AddedRows(CheckpointTensor Source, IReadOnlyList<CheckpointTensor> Added)
    : CheckpointTensor(Source.Name, Source.Dtype, Source.Shape)
{
    private readonly Lazy<float[]> _sum = new(() =>
    {
        var sum = new float[Source.Shape[^1]];
        var row = new float[sum.Length];
        foreach (var added in Added)
        {
            added.Read(0, row);
            TensorPrimitives.Add(sum, row, sum);
        }

        return sum;
    });

    public override void Read(long firstElement, Span<float> values)
    {
        Source.Read(firstElement, values);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] += _sum.Value[(firstElement + i) % _sum.Value.Length];
        }
    }
}
