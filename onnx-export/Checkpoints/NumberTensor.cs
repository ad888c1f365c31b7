using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>One number that a file has outside of its tensors.</summary>
/// <param name="Name">Its name in a checkpoint.</param>
/// <param name="Value">The number.</param>
internal sealed record NumberTensor(string Name, float Value) : CheckpointTensor(Name, TensorDtype.Float32, [1])
{
    public override void Read(long firstElement, Span<float> values) => values.Fill(Value);
}
