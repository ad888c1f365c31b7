using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Rules.Matrices;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Convolutions;

/// <summary>A causal convolution of every channel on its own, with the last positions of the past before it.</summary>
/// <remarks>Inputs: 0 input <c>[batch, channels, seq]</c>, 1 weight <c>[channels, 1, kernel]</c>, 2 bias, 3 past_state
/// <c>[batch, channels, kernel - 1]</c>.</remarks>
internal sealed class CausalConvRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["com.microsoft.CausalConvWithState"];

    public void Apply(OperatorCall call)
    {
        if (call.Integer("ndim", 1) != 1 || call.Integer("state_window", 0) != 0
            || call.Integer("channels_last", 0) != 0 || call.Integer("dilation", 1) != 1)
        {
            throw new NotSupportedException("CausalConvWithState other than over one axis with plain state");
        }

        var (input, weight) = (call.Labels(0), call.Weight(1));
        var kernel = weight.Shape[^1];
        int[] stateShape = [input.Shape[0], input.Shape[1], kernel - 1];
        var past = call.Optional(3) is { } state ? call.Labels(state) : Zeros(call, stateShape);
        var all = (LabelValue)ConcatRule.Concat([past, input], 2);
        var positions = input.Shape[2];
        var terms = Enumerable.Range(0, kernel).Select(tap => CellWise.Ordered(
            call.Store,
            call.Store.Kinds.Id("tap", tap),
            Positions(all, tap, positions).Labels,
            Spread(weight, input.Shape)));
        var sum = CellWise.Unordered(call.Store, call.Store.Kinds.Id("sum"), terms.ToArray());
        var result = new LabelValue(input.Shape, sum);
        result = call.Optional(2) is not { } bias ? result
            : Elementwise.Combine(call, call.Store.Kinds.Id("Add"), [result, ConvRule.PerChannel(bias, 3)], true);
        call.Set(0, FusedActivation.Apply(call, result));
        call.Set(1, Positions(all, all.Shape[2] - kernel + 1, kernel - 1));
    }

    private static int[] Spread(WeightValue weight, int[] shape) => weight.Axes[0].IsIndexed
        ? Array.ConvertAll(Shapes.Stretch([shape[1], 1], shape), channel => weight.Axes[0].Nodes[channel])
        : [weight.Weight.Root];

    private static LabelValue Positions(LabelValue value, int start, int count) => (LabelValue)Moves.ByAxes(value, [
        AxisPick.All(0, value.Shape[0]), AxisPick.All(1, value.Shape[1]),
        new AxisPick(2, [.. Enumerable.Range(start, count)]),
    ]);

    private static LabelValue Zeros(OperatorCall call, int[] shape)
    {
        var labels = new int[Shapes.Count(shape)];
        Array.Fill(labels, call.Store.Constant(0));
        return new LabelValue(shape, labels);
    }
}
