using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>A tensor that a checkpoint leaves out because it is zero.</summary>
internal sealed record ZeroTensor(string Name, IReadOnlyList<long> Shape)
    : CheckpointTensor(Name, TensorDtype.Float32, Shape)
{
    public override void Read(long firstElement, Span<float> values) => values.Clear();
}
