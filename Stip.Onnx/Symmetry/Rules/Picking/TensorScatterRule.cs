using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Picking;

/// <summary>New rows written into a cache from an index on.</summary>
/// <remarks>Inputs: 0 past_cache <c>[batch, …, max, …]</c>, 1 update, 2 write_indices <c>[batch]</c>.</remarks>
internal sealed class TensorScatterRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["TensorScatter"];

    public void Apply(OperatorCall call)
    {
        var (past, update) = (call.Labels(0), call.Labels(1));
        var axis = Shapes.Axis(call.Integer("axis", -2), past.Rank);
        var starts = call.Optional(2) is null ? null : call.Known(2).Integers;
        var isAnywhere = call.Optional(2) is KnownValue { IsRuntime: true };
        if (isAnywhere)
        {
            WrittenPlaces.Hold(call, past, axis);
        }

        var (source, target) = (AxisLanes.Of(update, axis), AxisLanes.Of(past, axis));
        var labels = past.Labels.ToArray();
        for (var outer = 0; outer < target.Outer; outer++)
        {
            // At the sizes of the run an index may be anything that fits.
            var entry = outer / Math.Max(1, target.Outer / past.Shape[0]);
            var start = Math.Clamp(starts?[entry] ?? 0, 0, target.Length - source.Length);
            for (var row = 0; row < source.Length; row++)
            {
                if (isAnywhere)
                {
                    WrittenPlaces.Tie(call, target.Row(outer, start + row), source.Row(outer, row));
                }

                source.Row(outer, row).CopyTo(labels, ((outer * target.Length) + start + row) * target.Inner);
            }
        }

        call.Set(0, past with { Labels = labels });
    }
}
