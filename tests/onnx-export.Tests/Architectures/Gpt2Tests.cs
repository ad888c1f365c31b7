namespace Stip.Export.Tests.Architectures;

public sealed class Gpt2Tests(ExportedModels models) : ScalarTests(models)
{
    private const string Basis = """
        {"model_type": "gpt2", "n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 61, "n_positions": 32}
        """;

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"n_embd": 48, "activation_function": "relu", "n_inner": 40}""")]
    [InlineData("""{"n_embd": 52, "tie_word_embeddings": false, "scale_attn_by_inverse_layer_idx": true}""")]
    [InlineData(
        """{"scale_attn_weights": false, "activation_function": "gelu_pytorch_tanh", "torch_dtype": "float16"}""")]
    public Task Gpt2_OfAnyShape_EqualsTheScalarModel(string options) => AssertEqualAsync(
        Basis,
        options,
        (config, tensors, ids) => ScalarGpt2.Logits(
            config,
            tensors,
            ids,
            options.Contains("relu", StringComparison.Ordinal) ? ScalarFunctions.Relu : ScalarFunctions.TanhGelu));
}
