using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Picking;

/// <summary>Rows that a condition keeps.</summary>
internal sealed class CompressRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Compress"];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var condition = call.Known(1);
        if (call.Attribute("axis") is null)
        {
            value = ReshapeRule.Reshape(value, [value.Count]);
        }

        var axis = Shapes.Axis(call.Integer("axis", 0), value.Rank);
        double[] kept = [.. Enumerable.Range(0, Math.Min(condition.Count, value.Shape[axis]))
            .Where(i => condition.Numbers[i] != 0).Select(i => (double)i)];
        call.Set(0, GatherRule.ByKnown(
            call, value, axis, new KnownValue([kept.Length], kept, condition.Type, condition.Origin)));
    }
}
