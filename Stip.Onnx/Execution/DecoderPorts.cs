namespace Stip.Onnx.Execution;

/// <summary>Names of the inputs and outputs of a decoder graph with a shared cache.</summary>
internal static class DecoderPorts
{
    /// <summary>Rows <c>[batch, seq, hidden]</c>.</summary>
    public const string Embeds = "inputs_embeds";

    /// <summary>int32 <c>[batch]</c>: length after the step, minus 1.</summary>
    public const string Lengths = "seqlens_k";

    /// <summary>int32 scalar: the longest length after the step.</summary>
    public const string TotalLength = "total_sequence_length";

    /// <summary>int64 <c>[n]</c>: rows, flat over batch and sequence, that need logits.</summary>
    public const string Rows = "logits_rows";

    /// <summary>int64 <c>[batch, seq]</c>, only where rotary embedding is a node of its own.</summary>
    public const string Positions = "position_ids";

    /// <summary>Logits <c>[n, vocab]</c>.</summary>
    public const string Logits = "logits";

    public static string Past(int layer, string part) => $"past_key_values.{layer}.{part}";

    public static string Present(int layer, string part) => $"present.{layer}.{part}";
}
