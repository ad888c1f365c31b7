using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>Random weights of any size, the same for the same seed.</summary>
internal sealed class RandomTensors(long seed, TensorDtype dtype) : ITensorStore
{
    public bool Has(string name) => true;

    public CheckpointTensor Require(string name, params ReadOnlySpan<long> shape) =>
        new RandomTensor(name, dtype, shape.ToArray(), seed);

    public void Dispose()
    {
    }
}
