using System.Numerics.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>A tensor of which the checkpoint stores the difference from a constant.</summary>
internal sealed record ShiftedTensor(CheckpointTensor Source, float Offset)
    : CheckpointTensor(Source.Name, Source.Dtype, Source.Shape)
{
    public override void Read(long firstElement, Span<float> values)
    {
        Source.Read(firstElement, values);
        TensorPrimitives.Add(values, Offset, values);
    }
}
