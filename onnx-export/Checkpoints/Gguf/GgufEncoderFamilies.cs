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

    private static readonly Dictionary<string, string> JinaNames = new(StringComparer.Ordinal)
    {
        ["roberta.embeddings.word_embeddings"] = "token_embd",
        ["roberta.embeddings.token_type_embeddings"] = "token_types",
        ["roberta.emb_ln"] = "token_embd_norm",
        ["mixer.Wqkv"] = "attn_qkv",
        ["mixer.out_proj"] = "attn_output",
        ["norm1"] = "attn_output_norm",
        ["norm2"] = "layer_output_norm",
        ["mlp.fc1"] = "ffn_up",
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
        NomicMoe with { WithExperts = NomicMoe },
        new("jina-bert-v3", "XLMRobertaModel", "xlm-roberta")
        {
            Layers = "roberta.encoder.layers",
            Names = JinaNames,
            Activation = "gelu",
            Describe = model =>
            {
                model.Config["type_vocab_size"] = model.Rows("token_types.weight");
                model.Config["position_embedding_type"] = "rotary";
                model.Copy("rope.freq_base", "rotary_emb_base");
            },
        },
    ];

    // Files leave the bias out that published experts have, as llama.cpp does.
    private static GgufArchitecture NomicMoe => new("nomic-bert-moe", "NomicBertModel", "nomic_bert")
    {
        Layers = "encoder.layers",
        Names = new Dictionary<string, string>(NomicNames, StringComparer.Ordinal)
        {
            ["mlp.fc1"] = "ffn_up",
            ["mlp.router.layer"] = "ffn_gate_inp",
            ["mlp.experts.up"] = "ffn_up_exps",
            ["mlp.experts.down"] = "ffn_down_exps",
        },
        Describe = model =>
        {
            model.Config["type_vocab_size"] = model.Rows("token_types.weight");
            model.Config["activation_function"] = "gelu";
            model.Config["qkv_proj_bias"] = model.Has("blk.0.attn_qkv.bias");
            model.Config["mlp_fc1_bias"] = model.Has("blk.0.ffn_up.bias");
            model.Config["mlp_fc2_bias"] = model.Has("blk.0.ffn_down.bias");
            model.Copy("rope.freq_base", "rotary_emb_base");
            model.CopyInteger("expert_count", "num_experts");
            model.CopyInteger("expert_used_count", "moe_top_k");
            model.CopyInteger("moe_every_n_layers", "moe_every_n_layers");
        },
    };

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
