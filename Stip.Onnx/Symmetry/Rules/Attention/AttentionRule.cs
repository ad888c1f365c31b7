using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Attention;

/// <summary>The standard's own Attention (opset 23 and later).</summary>
/// <remarks>Inputs: 0 query, 1 key, 2 value, 3 mask, 4 past_key, 5 past_value. Three axes with heads side by side, or
/// four.</remarks>
internal sealed class AttentionRule : IOperatorRule
{
    private const int ScoresOutput = 3;

    public IEnumerable<string> Operators => ["Attention"];

    public void Apply(OperatorCall call)
    {
        var query = call.Labels(0);
        var isFlat = query.Rank == 3;
        var groups = (int)call.Integer("kv_num_heads", 1);
        var (key, value) = (call.Labels(1), call.Labels(2));
        if (isFlat)
        {
            query = Heads.Split(query, (int)call.Integer("q_num_heads", 1));
            (key, value) = (Heads.Split(key, groups), Heads.Split(value, groups));
        }

        key = Heads.Append(Past(call, 4), key);
        value = Heads.Append(Past(call, 5), value);
        var attention = new AttentionCore(call, key, value) { Bias = call.Optional(3) };
        var mixed = attention.Attend(query);
        call.Set(0, isFlat ? Heads.Merge(mixed) : mixed);
        call.Set(1, key);
        call.Set(2, value);
        if (call.Wants(ScoresOutput))
        {
            call.Set(ScoresOutput, attention.Scores(query));
        }
    }

    private static LabelValue? Past(OperatorCall call, int input) =>
        call.Optional(input) is { } past ? call.Labels(past) : null;
}
