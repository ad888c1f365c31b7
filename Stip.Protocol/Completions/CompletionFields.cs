namespace Stip.Protocol.Completions;

/// <summary>Names inside the safetensors form of requests and answers; see <c>docs/wire-format.md</c>.</summary>
public static class CompletionFields
{
    /// <summary>Request tensor <c>[n, hidden_size]</c>: permuted embedding rows.</summary>
    public const string PromptEmbeds = "prompt_embeds";

    /// <summary>Request tensor <c>[rows, hidden_size]</c>: permuted rows of the source, for a model with an encoder.
    /// </summary>
    public const string EncoderInputsEmbeds = "encoder_inputs_embeds";

    /// <summary>Answer tensor <c>[rows, vocab_size]</c>: full permuted logits.</summary>
    public const string Logits = "logits";

    /// <summary>Answer tensor int32 <c>[rows, k]</c>: permuted indices, largest logit first.</summary>
    public const string Indices = "indices";

    /// <summary>Answer tensor float32 <c>[rows, k]</c>: the logits at those indices.</summary>
    public const string Values = "values";

    /// <summary>Answer tensor float64 <c>[rows]</c>: log-sum-exp over the vocabulary.</summary>
    public const string Logsumexp = "logsumexp";

    /// <summary>Key of a field's name in the <see cref="Exception.Data"/> of the exception that refuses it.</summary>
    public const string FaultyField = "field";

    /// <summary>The field that a <c>rate_limit_exceeded</c> or <c>server_overloaded</c> names where there is no room
    /// for one more session: a client that keeps others gives them up.</summary>
    public const string NoRoom = SessionId;

    internal const string ServerTiming = "server_timing";
    internal const string Fingerprint = "fingerprint";
    internal const string KeyEpoch = "key_epoch";
    internal const string Model = "model";
    internal const string SessionId = "session_id";
    internal const string Position = "position";
    internal const string TopK = "top_k";
    internal const string Rows = "rows";
    internal const string Temperature = "temperature";
    internal const string MaxLength = "max_length";
    internal const string Keep = "keep";
    internal const string Id = "id";
    internal const string Object = "object";
    internal const string Created = "created";
    internal const string FinishReason = "finish_reason";
    internal const string PromptTokens = "prompt_tokens";
    internal const string CachedTokens = "cached_tokens";
}
