using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Convolutions;

/// <summary>Blocks of positions to channels and back.</summary>
internal sealed class BlockSpaceRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["DepthToSpace", "SpaceToDepth"];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var block = (int)call.Integer("blocksize", 1);
        var (batch, channels, height, width) = (value.Shape[0], value.Shape[1], value.Shape[2], value.Shape[3]);
        if (call.Operation == "SpaceToDepth")
        {
            call.Set(0, Moved(
                value,
                [batch, channels, height / block, block, width / block, block],
                [0, 3, 5, 1, 2, 4],
                [batch, channels * block * block, height / block, width / block]));
            return;
        }

        var depth = channels / (block * block);
        var isColumnFirst = call.Text("mode", "DCR") == "CRD";
        call.Set(0, Moved(
            value,
            isColumnFirst ? [batch, depth, block, block, height, width] : [batch, block, block, depth, height, width],
            isColumnFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2],
            [batch, depth, height * block, width * block]));
    }

    private static Value Moved(Value value, int[] split, int[] order, int[] joined) => ReshapeRule.Reshape(
        Moves.ByAxes(
            ReshapeRule.Reshape(value, split), Array.ConvertAll(order, axis => AxisPick.All(axis, split[axis]))),
        joined);
}
