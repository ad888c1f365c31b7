using System.Numerics.Tensors;
using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>A matrix with a low-rank change: <c>base + scale · B·A</c> in float32, made row by row as it is
/// read.</summary>
/// <param name="Source">The matrix <c>[out, in]</c>, or <c>[in, out]</c> where it is transposed.</param>
/// <param name="First">A, <c>[rank, in]</c>.</param>
/// <param name="Second">B, <c>[out, rank]</c>.</param>
/// <param name="Scale">Factor on the change.</param>
/// <param name="IsTransposed">True for a matrix stored <c>[in, out]</c>.</param>
internal sealed record LoraTensor(
    CheckpointTensor Source, CheckpointTensor First, CheckpointTensor Second, float Scale, bool IsTransposed)
    : CheckpointTensor(Source.Name, TensorDtype.Float32, Source.Shape)
{
    // The factors of the few matrices that are being read; those of all layers together may be large.
    private WeakReference<Factors>? _factors;

    public override void Read(long firstElement, Span<float> values)
    {
        Source.Read(firstElement, values);
        var (factors, width) = (Current(), Shape[1]);
        for (var done = 0; done < values.Length;)
        {
            var (row, column) = Math.DivRem(firstElement + done, width);
            var part = values.Slice(done, (int)Math.Min(values.Length - done, width - column));
            factors.AddTo(part, row, (int)column, Scale);
            done += part.Length;
        }
    }

    private Factors Current()
    {
        if (_factors is { } kept && kept.TryGetTarget(out var current))
        {
            return current;
        }

        // Rows of the matrix go with rows of one factor; the other is added to them, a row of it for each rank.
        var made = IsTransposed
            ? new Factors(Transposed(First), Transposed(Second), (int)First.Shape[0])
            : new Factors(Values(Second), Values(First), (int)First.Shape[0]);
        _factors = new WeakReference<Factors>(made);
        return made;
    }

    private static float[] Values(CheckpointTensor tensor)
    {
        var values = new float[tensor.ElementCount];
        tensor.Read(0, values);
        return values;
    }

    private static float[] Transposed(CheckpointTensor tensor)
    {
        var (values, rows, columns) = (Values(tensor), (int)tensor.Shape[0], (int)tensor.Shape[1]);
        var turned = new float[values.Length];
        for (var cell = 0; cell < values.Length; cell++)
        {
            turned[cell % columns * rows + cell / columns] = values[cell];
        }

        return turned;
    }

    /// <summary>The two factors as they are used.</summary>
    /// <param name="Rows"><c>[rows, rank]</c>.</param>
    /// <param name="Columns"><c>[rank, columns]</c>.</param>
    /// <param name="Rank">Their common axis.</param>
    private sealed record Factors(float[] Rows, float[] Columns, int Rank)
    {
        public void AddTo(Span<float> values, long row, int column, float scale)
        {
            var width = Columns.Length / Rank;
            var change = new float[values.Length];
            for (var i = 0; i < Rank; i++)
            {
                TensorPrimitives.MultiplyAdd(
                    Columns.AsSpan(i * width + column, values.Length), Rows[row * Rank + i], change, change);
            }

            TensorPrimitives.MultiplyAdd(change, scale, values, values);
        }
    }
}
