namespace Stip.Export.Tests.Architectures;

public sealed class Gemma2Tests(ExportedModels models) : ScalarTests(models)
{
    private const string Basis = """
        {"architectures": ["Gemma2ForCausalLM"], "hidden_size": 64, "intermediate_size": 88, "num_hidden_layers": 3,
         "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 61, "max_position_embeddings": 32,
         "head_dim": 16, "query_pre_attn_scalar": 24, "attn_logit_softcapping": 2.0, "final_logit_softcapping": 1.5,
         "sliding_window": 4}
        """;

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"head_dim": 20}""")]
    public Task Gemma2_WithCapsAndLocalLayers_EqualsTheScalarModel(string options) =>
        AssertEqualAsync(Basis, options, ScalarGemma2.Logits);

    [Fact]
    public Task Protect_OfGemma2_MovesAllButRotaryRows() => AssertProtectsAsync(Basis, "{}");
}
