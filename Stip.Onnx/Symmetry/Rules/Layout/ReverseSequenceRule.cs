using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Layout;

/// <summary>The first rows of every sequence in the opposite order.</summary>
internal sealed class ReverseSequenceRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["ReverseSequence"];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var lengths = call.Known(1).Integers;
        var (time, batch) = ((int)call.Integer("time_axis", 0), (int)call.Integer("batch_axis", 1));
        var steps = Shapes.Strides(value.Shape);
        int[] from = [.. Enumerable.Range(0, value.Count).Select(cell =>
        {
            var place = cell / steps[time] % value.Shape[time];
            var length = lengths[cell / steps[batch] % value.Shape[batch]];
            return place < length ? cell + ((length - 1 - (2 * place)) * steps[time]) : cell;
        })];
        if (value is KnownValue known)
        {
            call.Set(0, known with { Numbers = Array.ConvertAll(from, cell => known.Numbers[cell]) });
            return;
        }

        var labels = call.Labels(value);
        call.Set(0, labels with { Labels = Array.ConvertAll(from, cell => labels.Labels[cell]) });
    }
}
