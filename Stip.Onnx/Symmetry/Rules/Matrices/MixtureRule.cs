using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Rules.Sets;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Matrices;

/// <summary>
/// ONNX Runtime's mixture of experts, plain or block-quantised, written out: every expert is computed, and mixed by a
/// share that hangs on its own router output against all of them.
/// </summary>
/// <remarks>Inputs of MoE: 0 input, 1 router, then weight and bias of fc1, fc2, fc3. Of QMoE weight, scales, bias of
/// each, and from 11 on their zero points, 14 router_weights.</remarks>
internal sealed class MixtureRule : IOperatorRule
{
    private const string Quantized = "com.microsoft.QMoE";

    public IEnumerable<string> Operators => ["com.microsoft.MoE", Quantized];

    public void Apply(OperatorCall call)
    {
        if (call.Text("quant_type", "int") != "int" || Enumerable.Range(15, 6).Any(i => call.Optional(i) is not null))
        {
            throw new NotSupportedException($"{call.Operation} with weights of type {call.Text("quant_type", "int")}");
        }

        var input = call.Labels(0);
        var hidden = input.Shape[^1];
        var rows = new LabelValue([1, input.Count / hidden, hidden], input.Labels);
        var fused = call.Text("activation_type", "relu") == "swiglu" ? (int)call.Integer("swiglu_fusion", 0) : 0;
        var first = Layer(call, rows, 0, hidden);
        var gated = fused switch
        {
            1 => Gate(call, Every(first, 0, 2), Every(first, 1, 2)),
            2 => Gate(call, Half(first, 0), Half(first, 1)),
            _ when call.Optional(Place(call, 2)) is not null => Gate(call, first, Layer(call, rows, 2, hidden)),
            _ => Elementwise.Combine(call, call.Kind("activation"), [first]),
        };
        var made = Layer(call, gated, 1, gated.Shape[^1]); // [experts, tokens, hidden]
        var shares = Shares(call, made.Shape[0]);
        var mixed = Elementwise.Combine(call, call.Store.Kinds.Id("share of expert"), [made, shares]);
        var sum = AgainstSet.Sets(call, mixed, [0], "ReduceSum");
        call.Set(0, sum with { Shape = input.Shape });
    }

    private static int Place(OperatorCall call, int layer) =>
        call.Operation == Quantized ? 2 + (3 * layer) : 2 + (2 * layer);

    // One of the three matrices of every expert: [experts or 1, tokens, in] to [experts, tokens, out].
    private static LabelValue Layer(OperatorCall call, LabelValue rows, int layer, int inner)
    {
        var place = Place(call, layer);
        var isQuantized = call.Operation == Quantized;
        var (experts, outer) = (call.Input(place).Shape[0], call.Input(place).Shape[1]);
        var weight = isQuantized ? Dequantized(call, place, layer, experts, outer, inner) : call.Input(place);
        var turned = Moves.ByAxes(
            weight, [AxisPick.All(0, experts), AxisPick.All(2, inner), AxisPick.All(1, outer)]);
        var product = MatMulRule.Multiply(call, rows, turned);
        return call.Optional(place + (isQuantized ? 2 : 1)) is not { } bias
            ? product
            : Elementwise.Combine(call, call.Store.Kinds.Id("Add"), [product, Moves.ByAxes(
                bias, [AxisPick.All(0, experts), AxisPick.New(1), AxisPick.All(1, outer)])], true);
    }

    private static WeightValue Dequantized(
        OperatorCall call, int place, int layer, int experts, int outer, int inner)
    {
        var bits = (int)call.Integer($"fc{layer + 1}_expert_weight_bits", call.Integer("expert_weight_bits", 4));
        var block = (int)call.Integer("block_size", 0);
        RefusePrepacked(call, place, bits, inner);
        int[] blocks = block > 0 ? [experts, outer, (inner + block - 1) / block] : [experts, outer];
        var zeroPoints = call.Optional(11 + layer) is null ? null : PackedWeight.Of(call, 11 + layer, bits, blocks);
        return QuantizedMatrix.Dequantized(
            PackedWeight.Of(call, place, bits, experts, outer, inner),
            2,
            block,
            PackedWeight.Factors(call, place + 1, blocks),
            zeroPoints);
    }

    // [experts, inputs, outputs / pack] in the order of a GPU's kernel; where nothing is said, the shape tells.
    private static void RefusePrepacked(OperatorCall call, int place, int bits, int inner)
    {
        var shape = call.Input(place).Shape;
        var isTurned = shape.Length == 3 && shape[1] == inner && shape[2] * 8 / bits != inner;
        if (call.Integer("weights_prepacked", -1) is var layout && (layout > 0 || (layout < 0 && isTurned)))
        {
            throw new NotSupportedException(
                $"{call.Operation} with experts that are laid out for one kind of GPU; build the graph with "
                + "qmoe_weights_prepacked=0");
        }
    }

    private static LabelValue Gate(OperatorCall call, LabelValue gate, LabelValue up) =>
        Elementwise.Combine(call, call.Kind("gate"), [gate, up]);

    private static LabelValue Every(LabelValue value, int start, int step) => Columns(
        value, [.. Enumerable.Range(0, value.Shape[2] / step).Select(i => start + (i * step))]);

    private static LabelValue Half(LabelValue value, int part) => Columns(
        value, [.. Enumerable.Range(part * value.Shape[2] / 2, value.Shape[2] / 2)]);

    private static LabelValue Columns(LabelValue value, int[] columns) => (LabelValue)Moves.ByAxes(
        value, [AxisPick.All(0, value.Shape[0]), AxisPick.All(1, value.Shape[1]), new AxisPick(2, columns)]);

    // [experts, tokens, 1]: which experts are taken, and with which share, follows from all router outputs.
    private static LabelValue Shares(OperatorCall call, int experts)
    {
        var router = AgainstSet.Label(call, Flat(call.Labels(1), experts), [1]);
        if (call.Operation == Quantized && call.Optional(14) is { } weights)
        {
            var mixed = AgainstSet.Label(call, Flat(call.Labels(weights), experts), [1]);
            router = AgainstSet.Label(
                call, Elementwise.Combine(call, call.Kind("routed"), [router, mixed]), [1]);
        }

        return (LabelValue)Moves.ByAxes(
            router, [AxisPick.All(1, experts), AxisPick.All(0, router.Shape[0]), AxisPick.New(1)]);
    }

    private static LabelValue Flat(LabelValue value, int experts) =>
        value with { Shape = [value.Count / experts, experts] };
}
