using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Keys.Bundles;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>
/// Text encoders of BERT's kind: tables that are added up (by the client), a norm, layers with norms after each part,
/// and one of three heads.
/// </summary>
internal static class TextEncoder
{
    public static ExportedModel Build(
        Checkpoint checkpoint, TensorDtype dtype, TextEncoderConfig config, TextEncoderNames names, TextHead head)
    {
        var (tensors, sizes) = (checkpoint.Tensors, config.Sizes);
        var words = tensors.Require(names.Words, config.VocabSize, sizes.Hidden);
        var labels = head == TextHead.Classes ? Labels.Read(checkpoint.Config) : null;

        var encoder = new EncoderGraph(tensors, dtype, sizes.Hidden, isMasked: true);
        var rows = sizes.Norm.Append(encoder, "embedding_norm", names.EmbeddingNorm, encoder.Embeds);
        rows = new EncoderLayers(encoder, sizes, names.Layer, names.Layers).AppendPostNorm(rows);
        switch (head)
        {
            case TextHead.MaskedWords:
                names.MaskedWords.Append(encoder, rows, sizes, config.IsTied ? words : null, config.VocabSize);
                break;
            case TextHead.Classes:
                names.Classifier.Append(encoder, FirstRow.Append(encoder, rows), labels!.Names.Count);
                break;
            default:
                HiddenRows.Append(encoder, rows);
                break;
        }

        return new ExportedModel(
            encoder,
            sizes.Hidden,
            config.VocabSize,
            Math.Min(config.ContextLength, checkpoint.Sentence?.MaxTokens ?? int.MaxValue),
            config.IsTied && head == TextHead.MaskedWords,
            Tables(tensors, config, names, words))
        {
            Labels = labels,
        };
    }

    private static Dictionary<string, CheckpointTensor> Tables(
        ITensorStore tensors, TextEncoderConfig config, TextEncoderNames names, CheckpointTensor words)
    {
        var hidden = config.Sizes.Hidden;
        var positions = tensors.Require(names.Positions, config.Positions, hidden);
        var tables = new Dictionary<string, CheckpointTensor>
        {
            [EmbeddingManifest.Token] = words,
            [EmbeddingManifest.Position] = config.FirstPosition == 0
                ? positions
                : new TensorRows(positions, config.FirstPosition, config.Positions - config.FirstPosition),
        };
        if (names.TokenTypes is not null)
        {
            tables.Add(EmbeddingManifest.TokenType, tensors.Require(names.TokenTypes, config.TokenTypes, hidden));
        }

        return tables;
    }
}
