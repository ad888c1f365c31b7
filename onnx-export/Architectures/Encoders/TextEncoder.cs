using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Keys.Bundles;
using Stip.Onnx;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>
/// Text encoders of BERT's kind: tables that are added up (by the client), a norm, layers with norms after each part,
/// and one of five heads.
/// </summary>
internal static class TextEncoder
{
    private const string NextSentences = "cls.seq_relationship";

    public static ExportedModel Build(
        Checkpoint checkpoint, TensorDtype dtype, TextEncoderConfig config, TextEncoderNames names, TextHead head)
    {
        var (tensors, sizes) = (checkpoint.Tensors, config.Sizes);
        var words = tensors.Require(names.Words, config.VocabSize, config.RowSize);
        if (head == TextHead.MaskedWords && config.IsTied
            && TiedHead.Differs(tensors, names.MaskedWords!.Decoder, words))
        {
            config = config with { IsTied = false };
        }

        var scaled = config.WordScale is 1 ? words : new ScaledRows(words, config.WordScale);
        scaled = config.OfWord?.Invoke(scaled) ?? scaled;
        scaled = config.ZeroWord is { } zero ? new ZeroedRow(scaled, zero) : scaled;
        var encoder = new EncoderGraph(
            tensors, dtype, sizes.Hidden, isMasked: true, config.SentRowSize)
        {
            ShareAs = names.ShareAs,
        };
        var rows = Rows(encoder, config, names);
        if (names.Distances is { } distances)
        {
            encoder.ScoreBias = new DistanceBias(config.DistanceBuckets, sizes.Heads).Append(encoder, distances);
        }

        encoder.ScoreBias ??= names.ScoreBias?.Invoke(encoder);
        var layers = new EncoderLayers(encoder, config.LayerSizes, names.Layer, names.Layers)
        {
            Stored = names.Stored,
            Attention = names.Attention?.Invoke(encoder) is { } attention
                ? (_, name, tensor, rows) => attention(name, tensor, rows)
                : names.LayerAttention?.Invoke(encoder),
            FeedForward = names.FeedForward?.Invoke(encoder),
            After = names.After?.Invoke(encoder, rows),
            Positions = names.RowPositions?.Invoke(encoder) is { } positions
                ? _ => positions
                : names.LayerPositions?.Invoke(encoder),
        };
        rows = names.LastNorm is { } lastNorm ? layers.AppendPreNorm(rows, lastNorm) : layers.AppendPostNorm(rows);
        return Finish(
            checkpoint, encoder, config, names, head, rows, words, Tables(tensors, config, names, scaled));
    }

    /// <summary>Appends the head to what the last layer gives.</summary>
    /// <param name="checkpoint">The folder.</param>
    /// <param name="encoder">The graph.</param>
    /// <param name="config">What config.json says.</param>
    /// <param name="names">Where the head stands in the checkpoint.</param>
    /// <param name="head">Which it is.</param>
    /// <param name="rows">Features <c>[batch, seq, hidden]</c>.</param>
    /// <param name="words">Matrix of the head of masked words where it is tied.</param>
    /// <param name="tables">The client's part.</param>
    public static ExportedModel Finish(
        Checkpoint checkpoint,
        EncoderGraph encoder,
        TextEncoderConfig config,
        TextEncoderNames names,
        TextHead head,
        string rows,
        CheckpointTensor words,
        IReadOnlyDictionary<string, CheckpointTensor> tables)
    {
        var labels = head == TextHead.Classes ? Labels.Read(checkpoint.Config)
            : head == TextHead.Tokens ? Labels.OfTokens(checkpoint.Config)
            : head == TextHead.NextSentence ? new Labels(["next", "not next"], AreExclusive: true)
            : head == TextHead.Choice ? Labels.OfChoice : null;
        switch (head)
        {
            case TextHead.MaskedWords:
                Of(names.MaskedWords).Append(
                    encoder, rows, config.Sizes, config.IsTied ? words : null, config.VocabSize, config.HeadRowSize);
                break;
            case TextHead.Classes:
                Of(names.Classifier).AppendPooled(encoder, rows, labels!.Names.Count);
                break;
            case TextHead.Choice:
                (names.Choice ?? new ClassifierHead(Of(names.Pooler), "tanh", "classifier")).AppendPooled(
                    encoder, rows, labels: 1);
                break;
            case TextHead.NextSentence:
                (Of(names.Classifier) with { Output = NextSentences }).AppendPooled(encoder, rows, labels!.Names.Count);
                break;
            case TextHead.Tokens:
                RowHead.AppendLabels(encoder, Dense(encoder, names, rows), names.TokenLabels, labels!.Names.Count);
                break;
            case TextHead.Replaced:
                RowHead.AppendReplaced(encoder, rows, Of(names.Replaced), config.Sizes.Activation);
                break;
            case TextHead.Answer:
                RowHead.AppendAnswer(encoder, Dense(encoder, names, rows), names.Answer);
                break;
            default:
                HiddenRows.Append(encoder, rows);
                AppendPooler(checkpoint, encoder, names);
                break;
        }

        return new ExportedModel(
            encoder,
            config.SentRowSize,
            config.VocabSize,
            Math.Min(config.ContextLength, checkpoint.MaxTokens ?? int.MaxValue),
            config.IsTied && head == TextHead.MaskedWords,
            tables)
        {
            Labels = labels,
        };

        T Of<T>(T? named) => named
            ?? throw new RefusedException(
                $"config.json: an encoder whose layers are called as this one's has no head for {head}");
    }

    private static string Dense(EncoderGraph encoder, TextEncoderNames names, string rows) =>
        names.RowDense is not { } dense ? rows : Activation.Append(encoder.Graph, "tanh", "head.act", Linear.FromLinear(
            encoder, "head.dense", rows, dense, encoder.HiddenSize, encoder.HiddenSize, hasBias: true));

    // Of a model that embeds texts its own pooling stands for them.
    private static void AppendPooler(Checkpoint checkpoint, EncoderGraph encoder, TextEncoderNames names)
    {
        if (names.Pooler is { } pooler && checkpoint.Sentence is null)
        {
            PoolerOutput.AppendDense(encoder, pooler, "tanh", encoder.HiddenSize);
        }
    }

    // What enters the first layer.
    private static string Rows(EncoderGraph encoder, TextEncoderConfig config, TextEncoderNames names)
    {
        var (width, hidden) = (config.RowSize, config.Sizes.Hidden);
        var rows = names.Start?.Invoke(encoder) ?? encoder.Embeds;
        rows = names.EmbeddingNorm is null ? rows : config.Sizes.Norm.Append(
            encoder, "embedding_norm", names.EmbeddingNorm, rows, HeadPadding.None(width));
        rows = names.MasksRows ? Masked(encoder, rows) : rows;
        return width == hidden && !names.AlwaysProjects
            ? rows
            : Linear.FromLinear(
                encoder,
                "embedding_projection",
                rows,
                names.Projection ?? throw new RefusedException(
                    $"config.json: embedding_size is {width}; it must be the hidden size ({hidden})"),
                width,
                hidden,
                hasBias: true);
    }

    private static string Masked(EncoderGraph encoder, string rows)
    {
        var graph = encoder.Graph;
        var factors = graph.Add(
            "Cast",
            "row_mask/Cast",
            [graph.Add("Unsqueeze", "row_mask", [encoder.Mask!, graph.AddConstant("row_mask.axis", 2)])],
            NodeAttribute.Int("to", (int)encoder.Weights.Dtype.ToOnnx()));
        return graph.Add("Mul", "row_mask/Mul", [rows, factors]);
    }

    private static Dictionary<string, CheckpointTensor> Tables(
        ITensorStore tensors, TextEncoderConfig config, TextEncoderNames names, CheckpointTensor words)
    {
        var width = config.RowSize;
        var tables = new Dictionary<string, CheckpointTensor> { [EmbeddingManifest.Token] = words };
        if (names.EveryRow?.Invoke(tensors) is { Count: > 0 } added)
        {
            tables[EmbeddingManifest.Token] = new AddedRows(words, added);
        }

        if (names.Positions is not null)
        {
            var positions = tensors.Require(names.Positions, config.Positions, width);
            tables.Add(EmbeddingManifest.Position, config.FirstPosition == 0
                ? positions
                : new TensorRows(positions, config.FirstPosition, config.Positions - config.FirstPosition));
        }

        if (names.TokenTypes is not null && config.TokenTypes > 0)
        {
            tables.Add(EmbeddingManifest.TokenType, names.TokenTypes == names.Words
                ? new TensorRows(tensors.Require(names.Words, config.VocabSize, width), 0, config.TokenTypes)
                : tensors.Require(names.TokenTypes, config.TokenTypes, width));
        }

        if (config.KindsApart is > 0 and var kinds)
        {
            tables[EmbeddingManifest.Token] = new PaddedColumns(tables[EmbeddingManifest.Token], 0, kinds);
            tables.Add(EmbeddingManifest.TokenType, new OneOfEach(EmbeddingManifest.TokenType, kinds, width));
        }

        if (config.PlacesApart > 0)
        {
            foreach (var table in tables.Keys.ToList())
            {
                tables[table] = new PaddedColumns(tables[table], 0, config.PlacesApart);
            }
        }

        foreach (var (table, rows) in names.Boxes?.Invoke(tensors) ?? new Dictionary<string, CheckpointTensor>())
        {
            tables.Add(table, rows);
        }

        if (config.KeepsPlacesApart)
        {
            tables[EmbeddingManifest.Token] = new PaddedColumns(tables[EmbeddingManifest.Token], 0, width);
            tables[EmbeddingManifest.Position] = new PaddedColumns(tables[EmbeddingManifest.Position], width, 0);
        }

        return tables;
    }
}
