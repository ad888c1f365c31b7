namespace Stip.Export.Checkpoints;

/// <summary>Two tables of as many rows, each row of one before that of the other.</summary>
/// <param name="Left">The first table <c>[rows, columns]</c>.</param>
/// <param name="Right">The second.</param>
internal sealed record SideBySide(CheckpointTensor Left, CheckpointTensor Right) : CheckpointTensor(
    Left.Name, Left.Dtype, [Left.Shape[0], Left.Shape[1] + Right.Shape[1]])
{
    private readonly PaddedColumns _left = new(Left, 0, (int)Right.Shape[1]);
    private readonly PaddedColumns _right = new(Right, (int)Left.Shape[1], 0);

    public override void Read(long firstElement, Span<float> values)
    {
        var right = new float[values.Length];
        _left.Read(firstElement, values);
        _right.Read(firstElement, right);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] += right[i];
        }
    }
}
