using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Convolutions;

/// <summary>Convolutions the other way round: every position is spread over a window. Channels move, offsets of the
/// kernel stay.</summary>
/// <remarks>Inputs: 0 X <c>[batch, C, …]</c>, 1 W <c>[C, M / group, …]</c>, 2 B <c>[M]</c>.</remarks>
internal sealed class TransposedConvRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["ConvTranspose"];

    public void Apply(OperatorCall call)
    {
        if (call.Input(1) is not WeightValue { Rank: > 2 } weight || !weight.Axes[1].IsIndexed)
        {
            throw new NotSupportedException("ConvTranspose with a kernel that is computed or of one channel");
        }

        var value = call.Labels(0);
        var spread = SpreadWindows.Of(call, value.Shape[2..], weight.Shape[2..]);
        var result = Dense(call, value, weight, spread);
        call.Set(0, call.Optional(2) is { } bias
            ? Elementwise.Combine(
                call, call.Store.Kinds.Id("Add"), [result, ConvRule.PerChannel(bias, result.Rank)], commutes: true)
            : result);
    }

    private static LabelValue Dense(OperatorCall call, LabelValue value, WeightValue weight, SpreadWindows spread)
    {
        var groups = (int)call.Integer("group", 1);
        var (store, outer) = (call.Store, weight.Axes[1].Nodes);
        var (batch, perGroup, positions) = (value.Shape[0], value.Shape[1] / groups, spread.Sources.Length);
        var channels = outer.Length * groups;
        var labels = new int[batch * channels * positions];
        var inner = Shapes.Count(value.Shape.AsSpan(2));
        for (var lane = 0; lane < batch * groups; lane++)
        {
            var (image, group) = Math.DivRem(lane, groups);
            for (var place = 0; place < positions; place++)
            {
                var terms = spread.Sources[place].SelectMany(source =>
                {
                    int[] cells = [.. Enumerable.Range(group * perGroup, perGroup).Select(channel =>
                        value.Labels[(((image * value.Shape[1]) + channel) * inner) + source.Cell])];
                    return CellWise.Ordered(store, store.Kinds.Id("pair"), cells, Rows(weight, group, perGroup), [
                        store.Constant(source.Tap)]);
                });
                var block = store.Unordered(store.Kinds.Id("block"), [.. terms]);
                var made = CellWise.Ordered(store, store.Kinds.Id("dense of group"), [block], outer, [
                    store.Constant(groups == 1 ? 0 : group)]);
                for (var i = 0; i < made.Length; i++)
                {
                    labels[(((image * channels) + (group * outer.Length) + i) * positions) + place] = made[i];
                }
            }
        }

        return new LabelValue([batch, channels, .. spread.Shape], labels);
    }

    /// <summary>What kernels make of channels of which a label stands for all positions: a label for each of
    /// them.</summary>
    /// <param name="call">The operator.</param>
    /// <param name="channels">A label for every channel.</param>
    /// <param name="weight">The kernels.</param>
    /// <param name="frame">How positions are spread.</param>
    public static int[] Column(OperatorCall call, int[] channels, WeightValue weight, string frame)
    {
        var groups = (int)call.Integer("group", 1);
        var (store, outer, perGroup) = (call.Store, weight.Axes[1].Nodes, channels.Length / groups);
        var kind = call.Kind(frame);
        return [.. Enumerable.Range(0, groups).SelectMany(group =>
        {
            var pairs = CellWise.Ordered(
                store,
                kind,
                channels.AsSpan(group * perGroup, perGroup).ToArray(),
                Rows(weight, group, perGroup));
            return CellWise.Ordered(
                store,
                store.Kinds.Id("dense of group"),
                [store.Unordered(store.Kinds.Id("block"), pairs)],
                outer,
                [store.Constant(groups == 1 ? 0 : group)]);
        })];
    }

    private static int[] Rows(WeightValue weight, int group, int perGroup) => weight.Axes[0].IsIndexed
        ? weight.Axes[0].Nodes.AsSpan(group * perGroup, perGroup).ToArray()
        : [weight.Weight.Root];
}
