namespace Stip.Export.Checkpoints.Gguf;

/// <summary>Text encoders, which files hold for their sentence vectors.</summary>
internal static class GgufEncoderFamilies
{
    private static readonly Dictionary<string, string> BertNames = new(StringComparer.Ordinal)
    {
        ["bert.embeddings.word_embeddings"] = "token_embd",
        ["bert.embeddings.position_embeddings"] = "position_embd",
        ["bert.embeddings.token_type_embeddings"] = "token_types",
        ["bert.embeddings.LayerNorm"] = "token_embd_norm",
        ["attention.self.query"] = "attn_q",
        ["attention.self.key"] = "attn_k",
        ["attention.self.value"] = "attn_v",
        ["attention.output.dense"] = "attn_output",
        ["attention.output.LayerNorm"] = "attn_output_norm",
        ["intermediate.dense"] = "ffn_up",
        ["output.dense"] = "ffn_down",
        ["output.LayerNorm"] = "layer_output_norm",
    };

    private static readonly Dictionary<string, string> NomicNames = new(StringComparer.Ordinal)
    {
        ["embeddings.word_embeddings"] = "token_embd",
        ["embeddings.token_type_embeddings"] = "token_types",
        ["emb_ln"] = "token_embd_norm",
        ["attn.Wqkv"] = "attn_qkv",
        ["attn.out_proj"] = "attn_output",
        ["norm1"] = "attn_output_norm",
        ["norm2"] = "layer_output_norm",
        ["mlp.fc11"] = "ffn_up",
        ["mlp.fc12"] = "ffn_gate",
        ["mlp.fc2"] = "ffn_down",
    };

    public static IReadOnlyList<GgufArchitecture> All { get; } =
    [
        // RoBERTa too: converters cut the rows before the first position off.
        new("bert", "BertModel", "bert")
        {
            Layers = "bert.encoder.layer",
            Names = BertNames,
            Activation = "gelu",
            Describe = model =>
            {
                model.Config["type_vocab_size"] = model.Rows("token_types.weight");
                model.Config["max_position_embeddings"] = model.Rows("position_embd.weight");
            },
        },
        new("nomic-bert", "NomicBertModel", "nomic_bert")
        {
            Layers = "encoder.layers",
            Names = NomicNames,
            Describe = model =>
            {
                model.Config["type_vocab_size"] = model.Rows("token_types.weight");
                model.Copy("rope.freq_base", "rotary_emb_base");
                model.Config["qkv_proj_bias"] = model.Has("blk.0.attn_qkv.bias");
            },
        },
    ];

    /// <summary>How a file makes one vector of a text's rows, null where it does not say.</summary>
    public static SentenceModules? Pooling(GgufMetadata metadata, string prefix) =>
        (metadata.Integer($"{prefix}.pooling_type") ?? 0) switch
        {
            0 => null,
            1 => new SentenceModules("", "mean", Normalizes: true, MaxTokens: null),
            2 => new SentenceModules("", "cls", Normalizes: true, MaxTokens: null),
            3 => new SentenceModules("", "lasttoken", Normalizes: true, MaxTokens: null),
            var other => throw metadata.Refused(
                $"{prefix}.pooling_type is {other}; there are 0 (none), 1 (mean), 2 (cls) and 3 (last token)"),
        };
}
