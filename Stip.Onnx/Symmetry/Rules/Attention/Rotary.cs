using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Attention;

/// <summary>
/// Rotary position embedding: pairs of channels turned by an angle of their own. Both channels of a pair hang on the
/// column
/// of the caches that holds their angle, so pairs may move where those columns move along.
/// </summary>
/// <param name="Cosines">A label for every angle.</param>
/// <param name="Sines">A label for every angle.</param>
/// <param name="IsInterleaved">True where a pair is (2j, 2j+1), false where it is (j, j + half).</param>
internal sealed record Rotary(int[] Cosines, int[] Sines, bool IsInterleaved)
{
    public static Rotary Of(OperatorCall call, int cosineInput, int sineInput, bool isInterleaved) =>
        new(Columns(call, cosineInput), Columns(call, sineInput), isInterleaved);

    /// <summary>Turns the channels of one head in place; those beyond the angles stay.</summary>
    public void Turn(NodeStore store, Span<int> channels, int rotaryChannels)
    {
        var half = rotaryChannels / 2;
        store.HasPartedLanes |= IsInterleaved && half > 3 && store.Runs.IsNext(channels[0], channels[1]);
        var (x, y) = (new int[half], new int[half]);
        for (var j = 0; j < half; j++)
        {
            (x[j], y[j]) = IsInterleaved ? (channels[2 * j], channels[(2 * j) + 1]) : (channels[j], channels[j + half]);
        }

        var first = CellWise.Ordered(store, store.Kinds.Id("rotated first"), x, y, Cosines[..half], Sines[..half]);
        var second = CellWise.Ordered(store, store.Kinds.Id("rotated second"), x, y, Cosines[..half], Sines[..half]);
        for (var j = 0; j < half; j++)
        {
            channels[IsInterleaved ? 2 * j : j] = first[j];
            channels[IsInterleaved ? (2 * j) + 1 : j + half] = second[j];
        }
    }

    // Every position reads its own row, all rows by the same formula, so one label stands for a column.
    private static int[] Columns(OperatorCall call, int input)
    {
        if (call.Input(input) is WeightValue { Rank: 2 } weight && weight.Axes[1].IsIndexed)
        {
            weight.Axes[0].Pin("a row for every position");

            return weight.Axes[1].Nodes;
        }

        var cache = call.Labels(input);
        var width = cache.Shape[^1];
        var kind = call.Store.Kinds.Id("column");
        int[][] rows = [.. cache.Labels.Chunk(width)];
        return CellWise.Ordered(call.Store, kind, rows);
    }
}
