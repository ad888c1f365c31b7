using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Values;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry.Rules.Flow;

/// <summary>Inner graphs run several times: each pass is followed.</summary>
internal sealed class LoopRule : IOperatorRule
{
    private const int MostPasses = 64;

    public IEnumerable<string> Operators => ["Loop", "Scan"];

    public void Apply(OperatorCall call)
    {
        if (call.Operation == "Loop")
        {
            Loop(call);
        }
        else
        {
            Scan(call);
        }
    }

    private static void Loop(OperatorCall call)
    {
        var passes = call.Optional(0) is null ? MostPasses : Limit(call, call.Known(0).Integers[0]);
        Value goesOn = call.Optional(1) ?? new KnownValue([], [1], DataType.Bool);
        var carried = call.Inputs.Skip(2).Select((_, i) => call.Input(i + 2)).ToArray();
        var scans = new List<Value[]>();
        for (var pass = 0; pass < passes && (goesOn as KnownValue)?.Numbers[0] != 0; pass++)
        {
            var origin = call.Optional(0) is { } count ? KnownValue.OriginOf(count) : KnownOrigin.Sizes;
            var made = call.RunInner(
                "body", [new KnownValue([], [pass], DataType.Int64, origin), goesOn, .. carried]);
            (goesOn, carried) = (made[0], made[1..(carried.Length + 1)]);
            scans.Add(made[(carried.Length + 1)..]);
        }

        if (scans.Count == 0 && KnownValue.OriginOf(call.Optional(0), call.Optional(1)) != KnownOrigin.Constant)
        {
            UnseenGraph.Hold(call, call.Attribute("body")!.G, carried);
        }

        SetAll(call, carried, scans, []);
    }

    private static void Scan(OperatorCall call)
    {
        var scanned = (int)call.Integer("num_scan_inputs", 1);
        var carried = call.Inputs.SkipLast(scanned).Select((_, i) => call.Input(i)).ToArray();
        var inputs = call.Inputs.Skip(carried.Length).Select((_, i) => call.Input(i + carried.Length)).ToArray();
        int[] axes = [.. inputs.Select((input, i) => Shapes.Axis(At(call, "scan_input_axes", i), input.Rank))];
        var length = Limit(call, inputs[0].Shape[axes[0]]);
        var scans = new List<Value[]>();
        for (var pass = 0; pass < length; pass++)
        {
            var parts = inputs.Select((input, i) => Part(
                input, axes[i], At(call, "scan_input_directions", i) == 0 ? pass : length - 1 - pass));
            var made = call.RunInner("body", [.. carried, .. parts]);
            carried = made[..carried.Length];
            scans.Add(made[carried.Length..]);
        }

        if (scans.Count == 0)
        {
            UnseenGraph.Hold(call, call.Attribute("body")!.G, carried);
        }

        SetAll(call, carried, scans, [.. Enumerable.Range(0, call.OutputCount - carried.Length)
            .Select(i => At(call, "scan_output_axes", i))]);
    }

    private static int Limit(OperatorCall call, int passes) => passes <= MostPasses ? passes
        : throw new RefusedException($"{call.Operation} of {passes} passes; at most {MostPasses} are followed");

    private static int At(OperatorCall call, string name, int i) =>
        call.Integers(name) is { } list && i < list.Count ? (int)list[i] : 0;

    private static Value Part(Value value, int axis, int index) => Moves.ByAxes(
        value,
        [.. Enumerable.Range(0, value.Rank).Where(a => a != axis).Select(a => AxisPick.All(a, value.Shape[a]))],
        new Dictionary<int, int> { [axis] = index });

    private static void SetAll(OperatorCall call, Value[] carried, List<Value[]> scans, int[] axes)
    {
        for (var i = 0; i < carried.Length; i++)
        {
            call.Set(i, carried[i]);
        }

        for (var i = 0; scans.Count > 0 && i < scans[0].Length; i++)
        {
            if (call.Wants(carried.Length + i))
            {
                var rank = scans[0][i].Rank + 1;
                var axis = i < axes.Length ? Shapes.Axis(axes[i], rank) : 0;
                var parts = scans.Select(pass => Inserted(call, pass[i], axis)).ToArray();
                call.Set(carried.Length + i, ConcatRule.Concat(
                    Array.TrueForAll(parts, part => part is KnownValue) ? parts : Array.ConvertAll(parts, call.Labels),
                    axis));
            }
        }
    }

    private static Value Inserted(OperatorCall call, Value value, int axis)
    {
        var axes = Enumerable.Range(0, value.Rank).Select(a => AxisPick.All(a, value.Shape[a])).ToList();
        axes.Insert(axis, AxisPick.New(1));
        return Moves.ByAxes(value is WeightValue ? call.Labels(value) : value, [.. axes]);
    }
}
