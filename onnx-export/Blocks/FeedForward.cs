namespace Stip.Export.Blocks;

/// <summary>The feed-forward part of a layer.</summary>
internal static class FeedForward
{
    /// <summary>Gated (SwiGLU and its kin): <c>down(act(gate(x)) · up(x))</c>, stored as torch Linears.</summary>
    public static string AppendGated(
        ModelGraph model, string name, string input, string tensor, int innerSize, string function, bool hasBias)
    {
        var (graph, hidden) = (model.Graph, model.HiddenSize);
        var gate = Linear.FromLinear(
            model, $"{name}.gate", input, $"{tensor}.gate_proj", hidden, innerSize, hasBias);
        var up = Linear.FromLinear(model, $"{name}.up", input, $"{tensor}.up_proj", hidden, innerSize, hasBias);
        var gated = graph.Add("Mul", $"{name}/Mul", [Activation.Append(graph, function, $"{name}.act", gate), up]);
        return Linear.FromLinear(model, $"{name}.down", gated, $"{tensor}.down_proj", innerSize, hidden, hasBias);
    }

    /// <summary>Plain: <c>proj(act(fc(x)))</c>, stored as GPT-2's Conv1Ds.</summary>
    public static string AppendPlain(
        ModelGraph model, string name, string input, string tensor, int innerSize, string function)
    {
        var hidden = model.HiddenSize;
        var inner = Linear.FromConv1D(model, $"{name}.up", input, $"{tensor}.c_fc", hidden, innerSize);
        var active = Activation.Append(model.Graph, function, $"{name}.act", inner);
        return Linear.FromConv1D(model, $"{name}.down", active, $"{tensor}.c_proj", innerSize, hidden);
    }
}
