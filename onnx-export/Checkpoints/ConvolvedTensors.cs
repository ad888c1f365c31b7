using Stip.Onnx;

namespace Stip.Export.Checkpoints;

/// <summary>A checkpoint in which some projections are stored as convolutions of width 1, perhaps in groups.</summary>
/// <param name="whole">The checkpoint, which stays its owner's to close.</param>
/// <param name="groupsOf">How many groups a tensor of some name has; null where it is no convolution.</param>
internal sealed class ConvolvedTensors(ITensorStore whole, Func<string, int?> groupsOf) : ITensorStore
{
    public bool Has(string name) => whole.Has(name);

    public CheckpointTensor Require(string name, params ReadOnlySpan<long> shape) =>
        shape is [var outputs, var inputs] && groupsOf(name) is { } groups
            ? new GroupedMatrix(whole.Require(name, outputs, Checked(name, outputs, inputs, groups), 1), groups)
            : whole.Require(name, shape);

    public void Dispose()
    {
    }

    private static long Checked(string name, long outputs, long inputs, int groups) =>
        outputs % groups == 0 && inputs % groups == 0
            ? inputs / groups
            : throw new RefusedException($"config.json gives '{name}' {groups} groups, which must divide its {outputs} "
                + $"outputs and {inputs} inputs");
}
