using System.Numerics.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>A table times a number.</summary>
internal sealed record ScaledRows(CheckpointTensor Source, float Factor)
    : CheckpointTensor(Source.Name, Source.Dtype, Source.Shape)
{
    public override void Read(long firstElement, Span<float> values)
    {
        Source.Read(firstElement, values);
        TensorPrimitives.Multiply(values, Factor, values);
    }
}
