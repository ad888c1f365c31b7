using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Values;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry.Rules.Flow;

/// <summary>Lists of tensors.</summary>
internal sealed class SequenceRule : IOperatorRule
{
    public IEnumerable<string> Operators =>
    [
        "SequenceConstruct", "SequenceEmpty", "SequenceInsert", "SequenceAt", "SequenceLength", "SequenceErase",
        "SplitToSequence", "ConcatFromSequence",
    ];

    public void Apply(OperatorCall call) => call.Set(0, call.Operation switch
    {
        "SequenceConstruct" => new SequenceValue([.. call.Inputs.Select((_, i) => call.Input(i))]),
        "SequenceEmpty" => new SequenceValue([]),
        "SequenceInsert" => Insert(call),
        "SequenceAt" => Items(call)[Place(call, 1)],
        "SequenceLength" => new KnownValue([], [Items(call).Count], DataType.Int64, KnownOrigin.Sizes),
        "SequenceErase" => Erase(call),
        "SplitToSequence" => Split(call),
        _ => Concat(call),
    });

    private static IReadOnlyList<Value> Items(OperatorCall call) => (call.Input(0) as SequenceValue)?.Items
        ?? throw new NotSupportedException($"{call.Operation} of something that is no sequence");

    private static int Place(OperatorCall call, int input) => call.Known(input) is { IsRuntime: false } place
        ? Shapes.Axis(place.Integers[0], Items(call).Count)
        : throw new NotSupportedException($"{call.Operation} at a place that the caller names");

    private static SequenceValue Insert(OperatorCall call)
    {
        var items = Items(call).ToList();
        items.Insert(
            call.Optional(2) is null ? items.Count : Place(call, 2),
            call.Input(1));
        return new SequenceValue(items);
    }

    private static SequenceValue Erase(OperatorCall call)
    {
        var items = Items(call).ToList();
        items.RemoveAt(call.Optional(1) is null
            ? items.Count - 1
            : Place(call, 1));
        return new SequenceValue(items);
    }

    private static SequenceValue Split(OperatorCall call)
    {
        var value = call.Input(0);
        var axis = Shapes.Axis(call.Integer("axis", 0), value.Rank);
        var length = value.Shape[axis];
        var each = call.Optional(1) is { Rank: 0 } ? call.Known(1).Integers[0] : 1;
        int[] lengths = call.Optional(1) is { Rank: 1 }
            ? call.Known(1).Integers
            : [.. Enumerable.Range(0, (length + each - 1) / each).Select(i => Math.Min(each, length - (i * each)))];
        var drops = call.Optional(1) is null && call.Integer("keepdims", 1) == 0;
        var items = new List<Value>();
        var start = 0;
        foreach (var part in lengths)
        {
            var axes = Enumerable.Range(0, value.Rank).Where(a => !drops || a != axis).Select(a => a == axis
                ? new AxisPick(a, [.. Enumerable.Range(start, part)])
                : AxisPick.All(a, value.Shape[a]));
            items.Add(Moves.ByAxes(value, [.. axes], drops ? new Dictionary<int, int> { [axis] = start } : null));
            start += part;
        }

        return new SequenceValue(items);
    }

    private static Value Concat(OperatorCall call)
    {
        var isNew = call.Integer("new_axis", 0) != 0;
        Value[] parts = [.. Items(call)];
        var axis = Shapes.Axis(call.Integer("axis", 0), parts[0].Rank + (isNew ? 1 : 0));
        parts = Array.TrueForAll(parts, part => part is KnownValue) ? parts : Array.ConvertAll(parts, call.Labels);
        return ConcatRule.Concat(
            !isNew ? parts : Array.ConvertAll(parts, part =>
            {
                var axes = Enumerable.Range(0, part.Rank).Select(a => AxisPick.All(a, part.Shape[a])).ToList();
                axes.Insert(axis, AxisPick.New(1));
                return Moves.ByAxes(part, [.. axes]);
            }),
            axis);
    }
}
