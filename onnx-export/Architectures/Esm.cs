using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>ESM (proteins): BERT whose norms come before each part, with turned heads (2) or learned positions
/// (1).</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Esm(string name, TextHead head) : IArchitecture
{
    // Rows were trained with 15 % of the tokens hidden, 80 % of them by zeros; without hidden ones they shrink as much.
    private const float DropoutScale = 1 - (0.15f * 0.8f);

    private static readonly EncoderLayerNames Layer = Bert.Layer with
    {
        AttentionNorm = "attention.LayerNorm",
        FeedForwardNorm = "LayerNorm",
    };

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "esm" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var isDropped = config.Flag("token_dropout", false);
        if (isDropped && head == TextHead.MaskedWords)
        {
            throw new RefusedException("config.json: token_dropout is true; with masked words it must be false, since "
                + "rows would hang on how many there are");
        }

        var turns = config.Text("position_embedding_type") == "rotary";
        var positions = config.FindSize("max_position_embeddings") ?? 1026;
        var sizes = Bert.ReadSizes(config) with { Activation = "gelu" };
        var frequencies = RotaryFrequencies.Read(
            config, rope: null, sizes.HeadDim, positions, RotaryFrequencies.DefaultTheta);
        return TextEncoder.Build(
            checkpoint,
            dtype,
            new TextEncoderConfig(
                sizes,
                config.Size("vocab_size"),
                positions,
                FirstPosition: turns ? 0 : Roberta.FirstPosition(config),
                TokenTypes: 0,
                config.Flag("tie_word_embeddings", true))
            {
                WordScale = isDropped ? DropoutScale : 1,
            },
            Roberta.Names("esm") with
            {
                Positions = turns ? null : "esm.embeddings.position_embeddings.weight",
                TokenTypes = null,
                EmbeddingNorm = config.Flag("emb_layer_norm_before", false) ? "esm.embeddings.layer_norm" : null,
                Layer = Layer,
                LastNorm = "esm.encoder.emb_layer_norm_after",
                MasksRows = true,
                RowPositions = turns
                    ? encoder => new RowPositions(RotaryTables.Append(encoder, frequencies, positions))
                    : null,
            },
            head);
    }
}
