using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Rules.Matrices;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Convolutions;

/// <summary>
/// Convolutions as products of windows with kernels: channels move, offsets of the kernel stay. A patch embedding is
/// the case of a kernel as wide as its stride.
/// </summary>
internal sealed class ConvRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Conv", "com.microsoft.FusedConv", "com.microsoft.NhwcFusedConv"];

    public void Apply(OperatorCall call)
    {
        if (call.Operation.EndsWith("NhwcFusedConv", StringComparison.Ordinal))
        {
            throw new NotSupportedException("NhwcFusedConv");
        }

        var result = Convolve(call, call.Labels(0), call.Input(1));
        result = call.Optional(2) is not { } bias ? result
            : Elementwise.Combine(call, call.Store.Kinds.Id("Add"), [result, PerChannel(bias, result.Rank)], true);
        result = call.Optional(3) is not { } added ? result
            : Elementwise.Combine(call, call.Store.Kinds.Id("Add"), [result, added], true);
        call.Set(0, FusedActivation.Apply(call, result));
    }

    /// <summary>Windows <c>[batch, C, …]</c> times kernels <c>[M, C / group, …]</c>.</summary>
    public static LabelValue Convolve(OperatorCall call, LabelValue value, Value weight)
    {
        var groups = (int)call.Integer("group", 1);
        var windows = Windows.Of(call, value.Shape[2..], weight.Shape[2..]);
        return weight is WeightValue kernel && kernel.Axes[0].IsIndexed
            ? Dense(call, value, kernel, groups, windows)
            : WrittenOut(call, value, call.Labels(weight), groups, windows);
    }

    /// <summary>A vector of channels as <c>[C, 1, …]</c>, so that it goes with <c>[batch, C, …]</c>.</summary>
    public static Value PerChannel(Value vector, int rank) => Moves.ByAxes(
        vector, [AxisPick.All(0, vector.Shape[0]), .. Enumerable.Repeat(AxisPick.New(1), rank - 2)]);

    private static LabelValue Dense(
        OperatorCall call, LabelValue value, WeightValue weight, int groups, Windows windows)
    {
        var outer = weight.Axes[0].Nodes;
        var labels = new int[value.Shape[0] * outer.Length * windows.Cells.Length];
        for (var image = 0; image < value.Shape[0]; image++)
        {
            for (var place = 0; place < windows.Cells.Length; place++)
            {
                var made = Column(call, Taps(call, value, image, windows.Cells[place]), weight, groups);
                for (var i = 0; i < made.Length; i++)
                {
                    labels[(((image * outer.Length) + i) * windows.Cells.Length) + place] = made[i];
                }
            }
        }

        return new LabelValue([value.Shape[0], outer.Length, .. windows.Shape], labels);
    }

    /// <summary>What kernels make of one window: a label for each of them.</summary>
    /// <param name="call">The operator.</param>
    /// <param name="taps">For every offset of the kernel the channels under it.</param>
    /// <param name="weight">The kernels.</param>
    /// <param name="groups">Groups of channels.</param>
    /// <param name="frame">Tells windows apart that do not move over places in the same way, where labels do not tell
    /// places apart.</param>
    public static int[] Column(
        OperatorCall call, int[][] taps, WeightValue weight, int groups, string frame = "")
    {
        foreach (var offsets in weight.Axes.Skip(2))
        {
            offsets.Pin($"places under the kernel of {call.Operation}");
        }

        return weight.Shape[1] == 1 && groups > 1
            ? ByChannel(call, taps, weight.Axes[0].Nodes, Framed(call, "window of a channel", frame))
            : Mixed(call, taps, weight, groups, Framed(call, "under the kernel", frame));
    }

    private static int Framed(OperatorCall call, string kind, string frame) =>
        call.Store.Kinds.Id(kind, frame.Length == 0 ? 0 : call.Kind(frame));

    // For every offset of the kernel the channels under it, [C]; offsets have places, so they stay.
    private static int[][] Taps(OperatorCall call, LabelValue value, int image, int[] cells)
    {
        var (channels, size) = (value.Shape[1], Shapes.Count(value.Shape.AsSpan(2)));
        var zero = call.Store.Constant(0);
        return Array.ConvertAll(cells, cell =>
        {
            var row = new int[channels];
            for (var channel = 0; channel < channels; channel++)
            {
                row[channel] = cell < 0 ? zero : value.Labels[(((image * channels) + channel) * size) + cell];
            }

            return row;
        });
    }

    // Every channel has kernels of its own.
    private static int[] ByChannel(OperatorCall call, int[][] taps, int[] outer, int kind)
    {
        var windows = CellWise.Ordered(call.Store, kind, taps);
        var perChannel = outer.Length / taps[0].Length;
        var spread = perChannel == 1 || windows.Length == 1
            ? windows
            : [.. Enumerable.Range(0, outer.Length).Select(i => windows[i / perChannel])];
        return CellWise.Ordered(call.Store, call.Store.Kinds.Id("dense"), spread, outer);
    }

    // One node for every input channel, with what is under each offset of the kernel.
    private static int[] Mixed(OperatorCall call, int[][] taps, WeightValue weight, int groups, int kind)
    {
        var outer = weight.Axes[0].Nodes;
        var (store, channels, perGroup) = (call.Store, weight.Shape[1], outer.Length / groups);
        var inner = weight.Axes[1].IsIndexed ? weight.Axes[1].Nodes : [weight.Weight.Root];
        var made = new int[outer.Length];
        for (var group = 0; group < groups; group++)
        {
            var pairs = CellWise.Ordered(store, kind, [inner, .. Array.ConvertAll(
                taps, tap => tap.AsSpan(group * channels, channels).ToArray())]);
            int[] block = [store.Unordered(store.Kinds.Id("block"), pairs)];
            CellWise.Ordered(
                store, store.Kinds.Id("dense"), block, outer.AsSpan(group * perGroup, perGroup).ToArray())
                .CopyTo(made, group * perGroup);
        }

        return made;
    }

    private static int[] Row(OperatorCall call, LabelValue value, int image, int first, int channels, int[] cells)
    {
        var size = Shapes.Count(value.Shape.AsSpan(2));
        var zero = call.Store.Constant(0);
        var row = new int[channels * cells.Length];
        for (var i = 0; i < row.Length; i++)
        {
            var (channel, tap) = Math.DivRem(i, cells.Length);
            row[i] = cells[tap] < 0 ? zero
                : value.Labels[(((image * value.Shape[1]) + first + channel) * size) + cells[tap]];
        }

        return row;
    }

    // A kernel that is computed (a weight norm): every product is a node.
    private static LabelValue WrittenOut(
        OperatorCall call, LabelValue value, LabelValue weight, int groups, Windows windows)
    {
        var (batch, outer, channels) = (value.Shape[0], weight.Shape[0], weight.Shape[1]);
        var width = weight.Labels.Length / outer;
        int[] taps = [.. Enumerable.Range(0, width).Select(i => call.Store.Constant(i % windows.Cells[0].Length))];
        var labels = new int[batch * outer * windows.Cells.Length];
        var memo = new Dictionary<(int Row, int Channel), int>();
        for (var image = 0; image < batch; image++)
        {
            for (var place = 0; place < windows.Cells.Length; place++)
            {
                for (var group = 0; group < groups; group++)
                {
                    var cells = Row(call, value, image, group * channels, channels, windows.Cells[place]);
                    var row = CellWise.Ordered(call.Store, call.Store.Kinds.Id("under tap"), cells, taps);
                    var id = call.Store.Ordered(call.Store.Kinds.Id("window"), row);
                    for (var i = group * outer / groups; i < (group + 1) * outer / groups; i++)
                    {
                        if (!memo.TryGetValue((id, i), out var sum))
                        {
                            memo[(id, i)] = sum = Contraction.Dot(
                                call.Store, row, weight.Labels.AsSpan(i * width, width));
                        }

                        labels[(((image * outer) + i) * windows.Cells.Length) + place] = sum;
                    }
                }
            }
        }

        return new LabelValue([batch, outer, .. windows.Shape], labels);
    }
}
