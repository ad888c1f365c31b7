using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Llama 3.2 Vision for text alone: without an image the layers that attend to one are passed over, and what
/// is left is Llama.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
internal sealed class MllamaText(string name, string modelType) : IArchitecture
{
    // Rows of the token table beyond the vocabulary: what stands where an image is.
    private const int FurtherRows = 8;

    private const string Defaults = """
        {"vocab_size": 128256, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 40,
         "num_attention_heads": 32, "num_key_value_heads": 8, "max_position_embeddings": 131072, "rms_norm_eps": 1e-5,
         "rope_theta": 5e5, "cross_attention_layers": [3, 8, 13, 18, 23, 28, 33, 38], "tie_word_embeddings": false}
        """;

    // Those of published checkpoints, of current transformers, and of the decoder on its own.
    private static readonly string[] Places = ["language_model.model.", "model.language_model.", "model."];

    public string Name => name;

    public string ModelType => modelType;

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = (checkpoint.Config.Section("text_config") ?? checkpoint.Config).WithDefaults(Defaults);
        var crossing = config.Integers("cross_attention_layers") ?? [];
        var own = Enumerable.Range(0, config.Size("num_hidden_layers")).Except(crossing).ToList();
        if (own.Count == 0)
        {
            throw new RefusedException("config.json: cross_attention_layers names every layer; without an image there "
                + "is nothing left");
        }

        List<(string, string)> prefixes = [("lm_head.", "language_model.lm_head."), ("lm_head.", "lm_head.")];
        foreach (var place in Places)
        {
            prefixes.AddRange(own.Select((layer, index) => ($"model.layers.{index}.", $"{place}layers.{layer}.")));
            prefixes.AddRange([
                ("model.embed_tokens.", $"{place}embed_tokens."), ("model.norm.", $"{place}norm."),
            ]);
        }

        var part = checkpoint.Part(config.With($$"""{"num_hidden_layers": {{own.Count}}}"""), prefixes);
        return new Llama().Build(
            part.With(new ShortenedTable(part.Tensors, "model.embed_tokens.weight", FurtherRows)), dtype);
    }
}
