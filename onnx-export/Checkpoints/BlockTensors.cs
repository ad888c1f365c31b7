using Stip.Onnx;

namespace Stip.Export.Checkpoints;

/// <summary>A checkpoint in which some matrices are stored as blocks along their diagonal.</summary>
/// <param name="whole">The checkpoint, which stays its owner's to close.</param>
/// <param name="groups">Number of blocks.</param>
/// <param name="isBlocked">True for the names of such matrices.</param>
internal sealed class BlockTensors(ITensorStore whole, int groups, Func<string, bool> isBlocked) : ITensorStore
{
    public bool Has(string name) => whole.Has(name);

    public CheckpointTensor Require(string name, params ReadOnlySpan<long> shape) =>
        shape is not [var outputs, var inputs] || !isBlocked(name) ? whole.Require(name, shape)
        : outputs % groups == 0 && inputs % groups == 0
            ? new BlockMatrix(whole.Require(name, groups, inputs / groups, outputs / groups))
            : throw new RefusedException($"config.json: num_groups is {groups}; it must divide the {outputs} outputs "
                + $"and {inputs} inputs of '{name}'");

    public void Dispose()
    {
    }
}
