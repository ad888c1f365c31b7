using Stip.Onnx.Symmetry.Rules.Matrices;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Attention;

/// <summary>Attention of all heads, whichever fused operator asks for it.</summary>
/// <param name="Call">The operator.</param>
/// <param name="Keys"><c>[batch, kv_heads, positions, head_dim]</c>.</param>
/// <param name="Values"><c>[batch, kv_heads, positions, value_dim]</c>.</param>
internal sealed record AttentionCore(OperatorCall Call, LabelValue Keys, LabelValue Values)
{
    // Scores that an operator shows are written out one by one.
    private const int MostShown = 1 << 16;

    /// <summary>Added to the scores: <c>[batch or 1, heads or 1, queries, keys]</c> or a tail of that.</summary>
    public Value? Bias { get; init; }

    /// <summary>A further score of every head.</summary>
    public Value? Sinks { get; init; }

    /// <summary>How many patterns of blocks heads take in turns; heads of different ones never trade places.</summary>
    public int Layouts { get; init; } = 1;

    /// <summary>The mixed values <c>[batch, heads, seq, value_dim]</c>.</summary>
    /// <param name="query"><c>[batch, heads, seq, head_dim]</c>.</param>
    public LabelValue Attend(LabelValue query)
    {
        var (batch, heads, length, channels) = (query.Shape[0], query.Shape[1], query.Shape[2], query.Shape[3]);
        var (groups, width) = (Keys.Shape[1], Values.Shape[3]);
        if (Keys.Shape[3] != channels || heads % groups != 0)
        {
            throw new InvalidDataException($"{heads} heads of {channels} attend to {groups} of {Keys.Shape[3]}");
        }

        var labels = new int[batch * heads * length * width];
        var name = Call.Store.Kinds.Name(Call.Kind());
        var sinks = Sinks is null ? null : Call.Labels(Sinks).Labels;
        var memo = new Dictionary<int, int[]>();
        var rows = new UniqueRows(query.Labels, channels);
        for (var lane = 0; lane < batch * heads; lane++)
        {
            var (entry, head) = Math.DivRem(lane, heads);
            var group = (entry * groups) + (head / (heads / groups));
            var attention = new AttentionHeads(Call.Store, name, Lane(Keys, group), Lane(Values, group))
            {
                IsFolded = (long)batch * heads * length * Keys.Shape[2] > Call.Store.MostScores,
            };
            int[] extras = Layouts > 1
                ? [.. BiasOf(entry, head), Call.Store.Constant(head % Layouts)]
                : BiasOf(entry, head);
            memo.Clear();
            for (var row = 0; row < length; row++)
            {
                var id = rows.Ids[(lane * length) + row];
                if (!memo.TryGetValue(id, out var made))
                {
                    memo.Add(id, made = attention.Attend(rows[id], extras, sinks?[head]));
                }

                made.CopyTo(labels, ((lane * length) + row) * width);
            }
        }

        return new LabelValue([batch, heads, length, width], labels);
    }

    /// <summary>What an operator shows of its scores, <c>[batch, heads, seq, keys]</c>, whether before the softmax or
    /// after it.</summary>
    /// <param name="query"><c>[batch, heads, seq, head_dim]</c>.</param>
    /// <exception cref="NotSupportedException">There are too many to be written out.</exception>
    public LabelValue Scores(LabelValue query)
    {
        var (batch, heads, length, channels) = (query.Shape[0], query.Shape[1], query.Shape[2], query.Shape[3]);
        var (groups, keys) = (Keys.Shape[1], Keys.Shape[2]);
        if ((long)batch * heads * length * keys > MostShown)
        {
            throw new NotSupportedException($"{Call.Operation} with its scores as an output");
        }

        var (score, scores) = (Call.Kind("score"), Call.Store.Kinds.Id("scores"));
        var labels = new int[batch * heads * length * keys];
        for (var row = 0; row < batch * heads * length; row++)
        {
            var (entry, head) = Math.DivRem(row / length, heads);
            var lane = Lane(Keys, (entry * groups) + (head / (heads / groups)));
            int[] extras = BiasOf(entry, head);
            int[] made = [.. Enumerable.Range(0, keys).Select(key => Call.Store.Ordered(score, [
                Contraction.Dot(
                    Call.Store,
                    query.Labels.AsSpan(row * channels, channels),
                    lane.Labels.AsSpan(key * channels, channels)),
                .. extras]))];
            var set = Call.Store.Unordered(scores, made);
            for (var key = 0; key < keys; key++)
            {
                labels[(row * keys) + key] = Call.Store.Ordered(score, made[key], set);
            }
        }

        return new LabelValue([batch, heads, length, keys], labels);
    }

    private static LabelValue Lane(LabelValue cache, int lane)
    {
        var size = cache.Shape[2] * cache.Shape[3];
        return new LabelValue([cache.Shape[2], cache.Shape[3]], cache.Labels.AsSpan(lane * size, size).ToArray());
    }

    // A bias of numbers that all heads share depends on positions only.
    private int[] BiasOf(int entry, int head)
    {
        if (Bias is not { Rank: > 1 } bias || (bias is KnownValue && (bias.Rank < 3 || bias.Shape[^3] == 1)))
        {
            return [];
        }

        var labels = Call.Labels(bias);
        var size = bias.Shape[^2] * bias.Shape[^1];
        var heads = bias.Rank > 2 ? bias.Shape[^3] : 1;
        var batch = bias.Rank > 3 ? bias.Shape[^4] : 1;
        var lane = (Math.Min(entry, batch - 1) * heads) + Math.Min(head, heads - 1);
        var cells = labels.Labels.AsSpan(lane * size, size);
        return cells.ContainsAnyExcept(cells[0]) || bias is not LabelValue
            ? [Call.Store.Ordered(Call.Store.Kinds.Id("bias of a head"), cells)]
            : [cells[0]];
    }
}
