using Stip.Export.Blocks;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Sequences;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;

namespace Stip.Export.Architectures.Sequences;

/// <summary>BERT that writes from left to right and reads the states of an encoder: a second attention in each layer,
/// norms after each part, and the head that it tells hidden words by. BLIP's is without token types.</summary>
internal static class BertStates
{
    private const string Embeddings = "bert.embeddings";
    private const string Head = "cls.predictions";

    /// <summary>Describes the decoder.</summary>
    /// <param name="part">The decoder as a checkpoint of its own.</param>
    /// <param name="defaults">What its config.json may leave out.</param>
    public static SequenceFamily Read(Checkpoint part, string defaults)
    {
        var (config, tensors) = (part.Config.WithDefaults(defaults), part.Tensors);
        config.RefuseUnless("position_embedding_type", "absolute");
        var (hidden, vocabulary) = (config.Size("hidden_size"), config.Size("vocab_size"));
        var words = SequenceTables.Words(
            tensors, vocabulary, hidden, $"{Head}.decoder.weight", $"{Embeddings}.word_embeddings.weight");
        var decoder = new SequenceStack(
            "bert.encoder.layer",
            config.Size("num_hidden_layers"),
            config.Size("num_attention_heads"),
            config.Size("intermediate_size"),
            Attention("attention"),
            Attention("crossattention"),
            Up: "intermediate.dense",
            Down: "output.dense",
            FeedForwardNorm: "output.LayerNorm")
        {
            Positions = tensors.Require(
                $"{Embeddings}.position_embeddings.weight", config.Size("max_position_embeddings"), hidden),
            EmbeddingNorm = $"{Embeddings}.LayerNorm",
        };
        var headDim = BartStack.HeadDim(hidden, decoder, decoder);
        var norm = Norm.Layer(config.Positive("layer_norm_eps", 1e-12));
        var function = config.Text("hidden_act") ?? "gelu";
        return new SequenceFamily(hidden, headDim, vocabulary, norm, function, Encoder: null, decoder)
        {
            IsPreNorm = false,
            HasBiases = true,
            Scale = 1 / Math.Sqrt(headDim),
            Words = OfFirstKind(tensors, config, words, hidden),
            Head = SequenceTables.Head(
                tensors, $"{Head}.decoder.weight", words, config.Flag("tie_word_embeddings", true)),
            HeadBias = tensors.Require(
                tensors.Has($"{Head}.bias") ? $"{Head}.bias" : $"{Head}.decoder.bias", vocabulary),
            BeforeHead = (graph, rows) => norm.Append(
                graph,
                "head.norm",
                $"{Head}.transform.LayerNorm",
                Activation.Append(graph.Graph, function, "head.act", Linear.FromLinear(
                    graph, "head.dense", rows, $"{Head}.transform.dense", hidden, hidden, hasBias: true))),
            IsMasked = false,
        };
    }

    // Every token is of the first kind, where kinds are told apart.
    private static CheckpointTensor OfFirstKind(
        ITensorStore tensors, ConfigJson config, CheckpointTensor words, int hidden)
    {
        const string kinds = $"{Embeddings}.token_type_embeddings.weight";
        return tensors.Has(kinds) && config.FindSize("type_vocab_size") is { } count
            ? new AddedRows(words, [new TensorRows(tensors.Require(kinds, count, hidden), 0, 1)])
            : words;
    }

    private static AttentionNames Attention(string part) => new(
        $"{part}.self.query",
        $"{part}.self.key",
        $"{part}.self.value",
        $"{part}.output.dense",
        $"{part}.output.LayerNorm");
}
