using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules.Matrices;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Attention;

/// <summary>ONNX Runtime's linear attention: a state of keys times values that every token updates, written out token
/// by token.</summary>
/// <remarks>Inputs: 0 query, 1 key, 2 value with heads side by side, 3 past_state <c>[batch, kv_heads, d_k, d_v]</c>, 4
/// decay, 5 beta. Several queries may read one state, or several states have one query; keys have a number of heads of
/// their own.</remarks>
internal sealed class LinearAttentionRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["com.microsoft.LinearAttention"];

    public void Apply(OperatorCall call)
    {
        var (heads, groups) = ((int)call.Integer("q_num_heads", 1), (int)call.Integer("kv_num_heads", 1));
        if (call.Integer("state_window", 0) != 0)
        {
            throw new NotSupportedException("LinearAttention with a window of states");
        }

        var query = Heads.Split(call.Labels(0), heads);
        var keys = call.Labels(1).Shape[2] / query.Shape[3];
        if (keys == 0 || groups % keys != 0 || Math.Max(heads, groups) % Math.Min(heads, groups) != 0)
        {
            throw new NotSupportedException($"LinearAttention of {heads} queries, {keys} keys and {groups} values");
        }

        var (key, value) = (Repeat(Heads.Split(call.Labels(1), keys), groups), Heads.Split(call.Labels(2), groups));
        query = Repeat(query, Math.Max(heads, groups));
        heads = query.Shape[1];
        var (batch, length, inner, outer) = (key.Shape[0], key.Shape[2], key.Shape[3], value.Shape[3]);
        int[] stateShape = [batch, groups, inner, outer];
        var states = call.Optional(3) is { } past ? call.Labels(past).Labels.ToArray() : Zeros(call, stateShape);
        var decay = Gate(call, 4, groups, key.Shape);
        var beta = Gate(call, 5, groups, key.Shape);
        var mixed = new int[batch * heads * length * outer];
        for (var lane = 0; lane < batch * groups; lane++)
        {
            for (var step = 0; step < length; step++)
            {
                var state = states.AsSpan(lane * inner * outer, inner * outer);
                Update(
                    call, state, Row(key, lane, step), Row(value, lane, step), Row(decay, lane, step),
                    Row(beta, lane, step));
                var shared = heads / groups;
                for (var head = 0; head < shared; head++)
                {
                    var of = ((lane / groups) * heads) + ((lane % groups) * shared) + head;
                    Read(call, state, Row(query, of, step)).CopyTo(mixed, ((of * length) + step) * outer);
                }
            }
        }

        call.Set(0, Heads.Merge(new LabelValue([batch, heads, length, outer], mixed)));
        call.Set(1, new LabelValue(stateShape, states));
    }

    // Each head as often as it is read.
    private static LabelValue Repeat(LabelValue value, int heads)
    {
        var times = heads / value.Shape[1];
        return times <= 1 ? value : (LabelValue)Moves.ByAxes(value, [
            AxisPick.All(0, value.Shape[0]),
            new AxisPick(1, [.. Enumerable.Range(0, heads).Select(head => head / times)]),
            AxisPick.All(2, value.Shape[2]), AxisPick.All(3, value.Shape[3]),
        ]);
    }

    // S[i, j] becomes a function of itself, of k[i], v[j], the gates of i and what column j holds along the key.
    private static void Update(
        OperatorCall call, Span<int> state, int[] keys, int[] values, int[] decay, int[] beta)
    {
        var (store, outer) = (call.Store, values.Length);
        var old = state.ToArray();
        var kind = call.Kind("state");
        for (var j = 0; j < outer; j++)
        {
            int[] column = [.. Enumerable.Range(0, keys.Length).Select(i => old[(i * outer) + j])];
            int[][] gates = [.. new[] { decay, beta }.Where(gate => gate.Length > 0)];
            var held = store.Unordered(
                store.Kinds.Id("sum"), CellWise.Ordered(store, store.Kinds.Id("held"), [column, keys, .. gates]));
            var made = CellWise.Ordered(store, kind, [column, keys, [values[j]], [held], .. gates]);
            for (var i = 0; i < made.Length; i++)
            {
                state[(i * outer) + j] = made[i];
            }
        }
    }

    private static int[] Read(OperatorCall call, ReadOnlySpan<int> state, int[] query)
    {
        var cells = state.ToArray();
        var outer = cells.Length / query.Length;
        return [.. Enumerable.Range(0, outer).Select(j => Contraction.Dot(
            call.Store, query, [.. Enumerable.Range(0, query.Length).Select(i => cells[(i * outer) + j])]))];
    }

    private static int[] Row(LabelValue? value, int lane, int step) => value is null
        ? []
        : value.Labels.AsSpan(((lane * value.Shape[2]) + step) * value.Shape[3], value.Shape[3]).ToArray();

    // A gate of every channel, of every head, or one for all; each as [batch, kv_heads, seq, 1 or d_k].
    private static LabelValue? Gate(OperatorCall call, int input, int groups, int[] shape)
    {
        if (call.Optional(input) is not { } gate)
        {
            return null;
        }

        var labels = call.Labels(gate);
        return labels.Shape[^1] >= groups
            ? Heads.Split(labels, groups)
            : new LabelValue(
                [shape[0], groups, shape[2], 1],
                Array.ConvertAll(
                    Shapes.Stretch([shape[0], 1, shape[2], 1], [shape[0], groups, shape[2], 1]),
                    cell => labels.Labels[cell]));
    }

    private static int[] Zeros(OperatorCall call, int[] shape)
    {
        var labels = new int[Shapes.Count(shape)];
        Array.Fill(labels, call.Store.Constant(0));
        return labels;
    }
}
