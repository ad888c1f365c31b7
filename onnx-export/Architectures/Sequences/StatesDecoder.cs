using Stip.Export.Architectures.Encoders;
using Stip.Export.Blocks;
using Stip.Export.Blocks.Sequences;
using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Architectures.Sequences;

/// <summary>Decoders that read the states of an encoder of another kind: TrOCR's own, which is BART's with norms after
/// each part, mBART's, with norms before them, GPT-2 and BERT.</summary>
internal static class StatesDecoder
{
    private const string Root = "model.decoder";
    private const int SkippedPositions = 2;

    private const string TrOcr = """
        {"vocab_size": 50265, "d_model": 1024, "decoder_layers": 12, "decoder_attention_heads": 16,
         "decoder_ffn_dim": 4096, "max_position_embeddings": 512}
        """;

    private const string MBart = """
        {"vocab_size": 50265, "d_model": 1024, "decoder_layers": 12, "decoder_attention_heads": 16,
         "decoder_ffn_dim": 4096, "max_position_embeddings": 1024}
        """;

    /// <summary>What BERT's configuration may leave out.</summary>
    public const string Bert = """
        {"vocab_size": 30522, "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
         "num_attention_heads": 12, "max_position_embeddings": 512, "type_vocab_size": 2}
        """;

    /// <summary>The decoder's tensors under the names that its description has.</summary>
    public static ITensorStore Tensors(ITensorStore stored, ConfigJson config) =>
        config.Text("model_type") == "gpt2" ? Gpt2States.Tensors(stored) : stored;

    /// <summary>Describes the decoder.</summary>
    /// <param name="part">The decoder as a checkpoint of its own.</param>
    public static SequenceFamily Read(Checkpoint part) => part.Config.Text("model_type") switch
    {
        "trocr" => Read(part, part.Config.WithDefaults(TrOcr), isPreNorm: false, "output_projection.weight"),
        "mbart" => Read(part, part.Config.WithDefaults(MBart), isPreNorm: true, "lm_head.weight"),
        "gpt2" => Gpt2States.Read(part),
        "bert" or "roberta" or "xlm-roberta" or "camembert" or "bert-generation" => BertStates.Read(part, Bert),
        var kind => throw new RefusedException(
            $"config.json: the decoder is '{kind}'; it must be trocr, mbart, gpt2, bert, roberta, "
            + "xlm-roberta, camembert or bert-generation"),
    };

    private static SequenceFamily Read(Checkpoint part, ConfigJson config, bool isPreNorm, string head)
    {
        var (tensors, hidden) = (part.Tensors, config.Size("d_model", "hidden_size"));
        var vocabulary = config.Size("vocab_size");
        var words = SequenceTables.Words(tensors, vocabulary, hidden, head, $"{Root}.embed_tokens.weight");
        // mBART always norms what enters the first layer.
        var hasNorm = isPreNorm || config.Flag("layernorm_embedding", true);
        var decoder = BartStack.Layers(config, "decoder") with
        {
            Positions = Positions(tensors, config, hidden),
            EmbeddingNorm = hasNorm ? $"{Root}.layernorm_embedding" : null,
            LastNorm = isPreNorm ? $"{Root}.layer_norm" : null,
        };
        var headDim = BartStack.HeadDim(hidden, decoder, decoder);
        return new SequenceFamily(
            hidden,
            headDim,
            vocabulary,
            Norm.Layer(1e-5),
            config.Text("activation_function") ?? "gelu",
            Encoder: null,
            decoder)
        {
            IsPreNorm = isPreNorm,
            HasBiases = true,
            Scale = 1 / Math.Sqrt(headDim),
            Words = words,
            WordScale = config.Flag("scale_embedding", false) ? Math.Sqrt(hidden) : 1,
            Head = SequenceTables.Head(tensors, head, words, config.Flag("tie_word_embeddings", true)),
            IsMasked = false,
        };
    }

    private static CheckpointTensor Positions(ITensorStore tensors, ConfigJson config, int hidden)
    {
        var count = config.Size("max_position_embeddings");
        return config.Flag("use_learned_position_embeddings", true)
            ? new TensorRows(
                tensors.Require($"{Root}.embed_positions.weight", count + SkippedPositions, hidden),
                SkippedPositions,
                count)
            : WavePositions.OfFairseq(count, hidden, Roberta.FirstPosition(config));
    }
}
