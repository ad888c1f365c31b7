namespace Stip.Export.Blocks;

/// <summary>The feed-forward part of a layer.</summary>
internal static class FeedForward
{
    /// <summary>Gated (SwiGLU and its kin): <c>down(act(gate(x)) · up(x))</c>, stored as torch Linears.</summary>
    public static string AppendGated(
        DecoderGraph decoder, string name, string input, string tensor, int innerSize, string function, bool hasBias)
    {
        var (graph, hidden) = (decoder.Graph, decoder.HiddenSize);
        var gate = Linear.FromLinear(
            decoder, $"{name}.gate", input, $"{tensor}.gate_proj", hidden, innerSize, hasBias);
        var up = Linear.FromLinear(decoder, $"{name}.up", input, $"{tensor}.up_proj", hidden, innerSize, hasBias);
        var gated = graph.Add("Mul", $"{name}/Mul", [Activation.Append(graph, function, $"{name}.act", gate), up]);
        return Linear.FromLinear(decoder, $"{name}.down", gated, $"{tensor}.down_proj", innerSize, hidden, hasBias);
    }

    /// <summary>Plain: <c>proj(act(fc(x)))</c>, stored as GPT-2's Conv1Ds.</summary>
    public static string AppendPlain(
        DecoderGraph decoder, string name, string input, string tensor, int innerSize, string function)
    {
        var hidden = decoder.HiddenSize;
        var inner = Linear.FromConv1D(decoder, $"{name}.up", input, $"{tensor}.c_fc", hidden, innerSize);
        var active = Activation.Append(decoder.Graph, function, $"{name}.act", inner);
        return Linear.FromConv1D(decoder, $"{name}.down", active, $"{tensor}.c_proj", innerSize, hidden);
    }
}
