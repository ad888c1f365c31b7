namespace Stip.Protocol.Completions;

/// <summary>Permuted logits of one row: either the top-k form or the full row.</summary>
/// <param name="Dtype">Element type of values or data.</param>
/// <param name="Indices">Top-k form: permuted vocabulary indices, largest logit first, among equals the lower index
/// first.</param>
/// <param name="Values">Top-k form: the logits at those indices.</param>
/// <param name="Logsumexp">Top-k form: log Σ exp(logit / temperature) over the whole vocabulary.</param>
/// <param name="Shape">Full form: <c>[vocab_size]</c>.</param>
/// <param name="Data">Full form: the little-endian row; a base64 string in JSON.</param>
public sealed record LogitsPayload(
    string Dtype,
    IReadOnlyList<int>? Indices = null,
    IReadOnlyList<float>? Values = null,
    double? Logsumexp = null,
    IReadOnlyList<long>? Shape = null,
    ReadOnlyMemory<byte>? Data = null);
