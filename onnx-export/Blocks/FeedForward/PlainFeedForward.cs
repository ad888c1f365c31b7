using Stip.Export.Blocks.Weights;

namespace Stip.Export.Blocks.FeedForward;

/// <summary>Plain feed-forward: <c>down(act(up(x)))</c>.</summary>
/// <param name="InnerSize">Width between the projections.</param>
/// <param name="Function">Activation.</param>
/// <param name="Up">Name of the first projection in the checkpoint.</param>
/// <param name="Down">Name of the second.</param>
/// <param name="HasBias">True where they have biases.</param>
internal sealed record PlainFeedForward(int InnerSize, string Function, string Up, string Down, bool HasBias = true)
{
    /// <summary>True for torch's Linear, false for GPT-2's Conv1D.</summary>
    public bool StoredOutputsFirst { get; init; } = true;

    /// <summary>An activation with weights of its own, null for that of config.json: takes the layer and what
    /// is bent.</summary>
    public Func<DecoderLayer, string, string>? Bend { get; init; }

    /// <summary>Appends the block.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="input">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <param name="part">Where its weights are in the layer; empty where they stand beside the others.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(DecoderLayer layer, string input, string part)
    {
        var (decoder, name) = (layer.Decoder, layer.Name("mlp"));
        var prefix = part.Length == 0 ? "" : $"{part}.";
        var hidden = decoder.HiddenSize;
        var inner = Project(decoder, $"{name}.up", input, layer.Tensor($"{prefix}{Up}"), hidden, InnerSize);
        var active = Bend is null
            ? Activation.Append(decoder.Graph, Function, $"{name}.act", inner)
            : Bend(layer, inner);
        return Project(decoder, $"{name}.down", active, layer.Tensor($"{prefix}{Down}"), InnerSize, hidden);
    }

    private string Project(
        DecoderGraph decoder, string name, string input, string tensor, int inputs, int outputs) => StoredOutputsFirst
        ? Linear.FromLinear(decoder, name, input, tensor, inputs, outputs, HasBias)
        : Linear.FromConv1D(decoder, name, input, tensor, inputs, outputs);
}
