using System.Numerics.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>A matrix whose rows are brought to length 1.</summary>
internal sealed record UnitRows(CheckpointTensor Source)
    : CheckpointTensor(Source.Name, Source.Dtype, Source.Shape)
{
    private const float Shortest = 1e-12f;

    public override void Read(long firstElement, Span<float> values)
    {
        var width = Shape[1];
        var row = new float[width];
        while (!values.IsEmpty)
        {
            var (index, inside) = Math.DivRem(firstElement, width);
            Source.Read(index * width, row);
            TensorPrimitives.Divide(row, MathF.Max(TensorPrimitives.Norm<float>(row), Shortest), row);
            var count = (int)Math.Min(values.Length, width - inside);
            row.AsSpan((int)inside, count).CopyTo(values);
            values = values[count..];
            firstElement += count;
        }
    }
}
