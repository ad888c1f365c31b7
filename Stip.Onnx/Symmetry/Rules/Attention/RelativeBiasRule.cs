using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Attention;

/// <summary>ONNX Runtime's bias of every head by distance: a table of buckets, which stay, and heads, which
/// move.</summary>
internal sealed class RelativeBiasRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["com.microsoft.RelativePositionBias"];

    public void Apply(OperatorCall call)
    {
        var table = call.Weight(0); // [buckets, heads]
        var (queries, keys) = (call.Known(1).Integers[0], call.Known(2).Integers[0]);
        table.Axes[0].Pin("looked up by distance");
        var heads = table.Shape[1];
        int[] shape = [1, heads, queries, keys];
        call.Set(0, new LabelValue(shape, [.. Enumerable.Range(0, Shapes.Count(shape)).Select(cell =>
        {
            var (head, distance) = (cell / (queries * keys), (cell % keys) - (cell / keys % queries));
            var node = table.Axes[1].IsIndexed ? table.Axes[1].Nodes[head] : table.Weight.Root;
            return call.Store.Ordered(call.Store.Kinds.Id("relative bias", distance), node);
        })]));
    }
}
