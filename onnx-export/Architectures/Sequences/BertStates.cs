using Stip.Export.Blocks;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Sequences;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;

namespace Stip.Export.Architectures.Sequences;

/// <summary>BERT that writes from left to right and reads the states of an encoder: a second attention in each layer,
/// norms after each part, and the head that it tells hidden words by; and BERT as such an encoder of texts. BLIP's is
/// without token types, RoBERTa's has other names and begins at a later position.</summary>
internal static class BertStates
{
    /// <summary>Describes the decoder.</summary>
    /// <param name="part">The decoder as a checkpoint of its own.</param>
    /// <param name="defaults">What its config.json may leave out.</param>
    public static SequenceFamily Read(Checkpoint part, string defaults)
    {
        var (config, tensors) = (part.Config.WithDefaults(defaults), part.Tensors);
        var names = BertPart.Of(config);
        var (hidden, vocabulary) = (config.Size("hidden_size"), config.Size("vocab_size"));
        var words = SequenceTables.Words(
            tensors,
            vocabulary,
            hidden,
            $"{names.Decoder}.weight",
            $"{names.Root}.embeddings.word_embeddings.weight");
        var (norm, function) = (
            Norm.Layer(config.Positive("layer_norm_eps", 1e-12)), config.Text("hidden_act") ?? "gelu");
        return Family(tensors, config, words, $"{names.Root}.", names.SkippedPositions, isDecoder: true) with
        {
            Head = SequenceTables.Head(
                tensors, $"{names.Decoder}.weight", words, config.Flag("tie_word_embeddings", true)),
            HeadBias = tensors.Require(
                tensors.Has(names.Bias) ? names.Bias : $"{names.Decoder}.bias", vocabulary),
            BeforeHead = names is { Dense: { } dense, Norm: { } after }
                ? (graph, rows) => norm.Append(graph, "head.norm", after, Activation.Append(
                    graph.Graph, function, "head.act", Linear.FromLinear(
                        graph, "head.dense", rows, dense, hidden, hidden, hasBias: true)))
                : null,
            IsMasked = false,
        };
    }

    /// <summary>Describes the encoder of texts.</summary>
    /// <param name="part">The encoder as a checkpoint of its own, without a head.</param>
    /// <param name="defaults">What its config.json may leave out.</param>
    public static SequenceFamily ReadEncoder(Checkpoint part, string defaults)
    {
        var (config, tensors) = (part.Config.WithDefaults(defaults), part.Tensors);
        var words = tensors.Require(
            "embeddings.word_embeddings.weight", config.Size("vocab_size"), config.Size("hidden_size"));
        return Family(tensors, config, words, "", BertPart.Of(config).SkippedPositions, isDecoder: false);
    }

    private static SequenceFamily Family(
        ITensorStore tensors, ConfigJson config, CheckpointTensor words, string root, int skipped, bool isDecoder)
    {
        config.RefuseUnless("position_embedding_type", "absolute");
        var (hidden, count) = (config.Size("hidden_size"), config.Size("max_position_embeddings"));
        var embeddings = $"{root}embeddings";
        var positions = tensors.Require($"{embeddings}.position_embeddings.weight", count, hidden);
        var layers = new SequenceStack(
            $"{root}encoder.layer",
            config.Size("num_hidden_layers"),
            config.Size("num_attention_heads"),
            config.Size("intermediate_size"),
            Attention("attention"),
            isDecoder ? Attention("crossattention") : null,
            Up: "intermediate.dense",
            Down: "output.dense",
            FeedForwardNorm: "output.LayerNorm")
        {
            Positions = skipped == 0 ? positions : new TensorRows(positions, skipped, count - skipped),
            EmbeddingNorm = $"{embeddings}.LayerNorm",
        };
        var headDim = BartStack.HeadDim(hidden, layers, layers);
        return new SequenceFamily(
            hidden,
            headDim,
            config.Size("vocab_size"),
            Norm.Layer(config.Positive("layer_norm_eps", 1e-12)),
            config.Text("hidden_act") ?? "gelu",
            isDecoder ? null : layers,
            layers)
        {
            IsPreNorm = false,
            HasBiases = true,
            Scale = 1 / Math.Sqrt(headDim),
            Words = OfFirstKind(tensors, config, words, embeddings),
            Head = words,
        };
    }

    // Every token is of the first kind, where kinds are told apart.
    private static CheckpointTensor OfFirstKind(
        ITensorStore tensors, ConfigJson config, CheckpointTensor words, string embeddings)
    {
        var kinds = $"{embeddings}.token_type_embeddings.weight";
        return tensors.Has(kinds) && config.FindSize("type_vocab_size") is { } count
            ? new AddedRows(
                words, [new TensorRows(tensors.Require(kinds, count, config.Size("hidden_size")), 0, 1)])
            : words;
    }

    private static AttentionNames Attention(string part) => new(
        $"{part}.self.query",
        $"{part}.self.key",
        $"{part}.self.value",
        $"{part}.output.dense",
        $"{part}.output.LayerNorm");
}
