using System.Numerics.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>Rows of a table after a matrix: <c>[rows, out]</c>, computed where they are read.</summary>
/// <param name="Source">The table <c>[rows, in]</c>.</param>
/// <param name="Matrix">Stored <c>[out, in]</c>.</param>
internal sealed record ProjectedRows(CheckpointTensor Source, CheckpointTensor Matrix)
    : CheckpointTensor(Source.Name, Source.Dtype, [Source.Shape[0], Matrix.Shape[0]])
{
    private readonly Lazy<float[]> _matrix = new(() =>
    {
        var values = new float[Matrix.ElementCount];
        Matrix.Read(0, values);
        return values;
    });

    public override void Read(long firstElement, Span<float> values)
    {
        var (outputs, inputs) = ((int)Shape[1], (int)Source.Shape[1]);
        var row = new float[inputs];
        var last = -1L;
        for (var i = 0; i < values.Length; i++)
        {
            var (index, output) = Math.DivRem(firstElement + i, outputs);
            if (index != last)
            {
                Source.Read(index * inputs, row);
                last = index;
            }

            values[i] = TensorPrimitives.Dot(row, _matrix.Value.AsSpan((int)output * inputs, inputs));
        }
    }
}
