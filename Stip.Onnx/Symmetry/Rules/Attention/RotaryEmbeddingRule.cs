using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Attention;

/// <summary>Rotary embedding as a node of its own, with caches that are looked up by position or that hold the rows of
/// the tokens at hand.</summary>
internal sealed class RotaryEmbeddingRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["com.microsoft.RotaryEmbedding", "RotaryEmbedding"];

    public void Apply(OperatorCall call)
    {
        var isMicrosoft = call.Operation != "RotaryEmbedding";
        var interleaved = call.Integer("interleaved", 0) != 0;
        var rotary = isMicrosoft ? Rotary.Of(call, 2, 3, interleaved) : Rotary.Of(call, 1, 2, interleaved);
        var value = call.Labels(0);
        var heads = (int)call.Integer("num_heads", 0);
        var channels = value.Rank == 4 ? value.Shape[3]
            : heads > 0 ? value.Shape[2] / heads
            : rotary.Cosines.Length * 2;
        var turned = (int)call.Integer("rotary_embedding_dim", 0);
        var most = Math.Min(channels, rotary.Cosines.Length * 2);
        var labels = value.Labels.ToArray();
        for (var start = 0; start < labels.Length; start += channels)
        {
            rotary.Turn(call.Store, labels.AsSpan(start, channels), turned > 0 ? turned : most);
        }

        call.Set(0, new LabelValue(value.Shape, labels));
    }
}
