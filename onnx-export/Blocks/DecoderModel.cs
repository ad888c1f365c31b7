using Stip.Export.Architectures;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Keys.Bundles;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks;

/// <summary>A decoder from its token table to its logits; an architecture fills in the layers.</summary>
internal sealed class DecoderModel
{
    private readonly DecoderEnd _end;
    private readonly ConfigJson _config;
    private readonly int _mostTokens;
    private readonly Dictionary<string, CheckpointTensor> _tables;
    private readonly string _table;
    private ResidualStream? _stream;

    /// <param name="checkpoint">The folder.</param>
    /// <param name="dtype">Type the graph computes in.</param>
    /// <param name="shape">Sizes.</param>
    /// <param name="tokens">Name of the token table in the checkpoint.</param>
    public DecoderModel(Checkpoint checkpoint, TensorDtype dtype, DecoderShape shape, string tokens)
        : this(checkpoint, dtype, shape, checkpoint.Tensors.Require(tokens, shape.VocabSize, shape.HiddenSize)) =>
        _table = tokens;

    /// <param name="checkpoint">The folder.</param>
    /// <param name="dtype">Type the graph computes in.</param>
    /// <param name="shape">Sizes.</param>
    /// <param name="tokens">The token table <c>[vocab, hidden]</c>.</param>
    public DecoderModel(Checkpoint checkpoint, TensorDtype dtype, DecoderShape shape, CheckpointTensor tokens)
    {
        (Shape, _end, _config) = (shape, checkpoint.End, checkpoint.Config);
        if (_end == DecoderEnd.NextWord && _config.Flag("use_bidirectional_attention", false))
        {
            throw new RefusedException("config.json: use_bidirectional_attention is true; a decoder that writes a text "
                + "must not see what comes after a token (false)");
        }

        _mostTokens = Math.Min(shape.ContextLength, checkpoint.MaxTokens ?? int.MaxValue);
        (Tokens, _table) = (tokens, tokens.Name);
        _tables = new() { [EmbeddingManifest.Token] = Tokens };
        var length = _end == DecoderEnd.NextWord
            ? ContextLength(checkpoint.MostPositions, shape, checkpoint.Config)
            : shape.ContextLength;
        Graph = new DecoderGraph(
            checkpoint.Tensors, dtype, shape, _end == DecoderEnd.NextWord, checkpoint.SeesAll)
        {
            ContextLength = length,
            Named = length > shape.ContextLength ? shape.ContextLength : null,
            // The wider types are for devices, where a full window can be rewound by nothing.
            BoundsCaches = checkpoint.BoundsCaches ?? dtype == TensorDtype.Float32,
        };
    }

    public DecoderShape Shape { get; }

    public DecoderGraph Graph { get; }

    /// <summary>The token table <c>[vocab, hidden]</c>.</summary>
    public CheckpointTensor Tokens { get; }

    /// <summary>Factor on the rows of the token table.</summary>
    public double EmbeddingScale { get; init; } = 1;

    /// <summary>A table <c>[positions, hidden]</c> that the client adds to its rows.</summary>
    public CheckpointTensor Positions
    {
        init => _tables[EmbeddingManifest.Position] = value;
    }

    /// <summary>The layers, first to last; each is appended before the next is asked for.</summary>
    /// <param name="tensor">Where layers are in the checkpoint.</param>
    /// <param name="rows">What enters the first, null for the rows as they come.</param>
    public IEnumerable<DecoderLayer> Layers(string tensor, string? rows = null)
    {
        _stream = new ResidualStream(Graph, rows);
        for (var layer = 0; layer < Shape.Layers; layer++)
        {
            yield return new DecoderLayer(Graph, layer, $"{tensor}.{layer}", _stream);
        }
    }

    /// <summary>The rotary tables that config.json describes.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="isInterleaved">True where pairs are neighbours.</param>
    /// <param name="theta">Base where the rope section has none; null for <c>rope_theta</c>.</param>
    public RotaryTables Rotary(ConfigJson config, bool isInterleaved = false, double? theta = null) =>
        RotaryTables.Append(
            Graph,
            RotaryFrequencies.Read(config, Shape.Heads.RotaryDim, Shape.TrainedLength, theta),
            Shape,
            isInterleaved);

    /// <summary>Those of a rope section that the caller chose, null for none.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="rope">The section.</param>
    /// <param name="theta">Base where the section has none; null for <c>rope_theta</c>.</param>
    /// <param name="isInterleaved">True where pairs are neighbours.</param>
    /// <param name="name">Name in the graph, for models with several tables.</param>
    public RotaryTables RotaryOf(
        ConfigJson config, ConfigJson? rope, double? theta, bool isInterleaved = false, string name = "rotary") =>
        RotaryTables.Append(
            Graph,
            RotaryFrequencies.Read(config, rope, Shape.Heads.RotaryDim, Shape.TrainedLength, theta),
            Shape,
            isInterleaved,
            name);

    /// <summary>The head: the token table where the two are tied and none of its own is stored, or where no head is
    /// wanted.</summary>
    public LanguageHead Head(bool isTied, string tensor = "lm_head", bool hasBias = false) =>
        new(_end != DecoderEnd.NextWord ? Tokens
            : isTied ? TiedHead.Of(Graph.Tensors, $"{tensor}.weight", _table, Tokens)
            : Graph.Tensors.Require($"{tensor}.weight", Shape.VocabSize, Shape.HiddenSize))
        {
            Bias = hasBias && _end == DecoderEnd.NextWord
                ? Graph.Tensors.Require($"{tensor}.bias", Shape.VocabSize)
                : null,
        };

    /// <summary>Rows times a number, or the rows themselves where it is 1.</summary>
    public string Scaled(string name, string rows, double factor) => factor == 1
        ? rows
        : Graph.Graph.Add("Mul", $"{name}/Mul", [rows, Graph.Scalar($"{name}.factor", factor)]);

    /// <summary>Appends the last norm and the head, or what is wanted in its place.</summary>
    /// <param name="norm">The last norm, null where there is none.</param>
    /// <param name="tensor">Where it is in the checkpoint.</param>
    /// <param name="head">What makes logits.</param>
    public ExportedModel Finish(Norm? norm, string tensor, LanguageHead head)
    {
        var stream = _stream ?? throw new InvalidOperationException("a decoder has layers before its head");
        if (_end != DecoderEnd.NextWord)
        {
            return FinishWhole(norm, tensor, stream);
        }

        var rows = LanguageHead.SelectRows(Graph, stream.Sum("residual"));
        head.Append(Graph, norm is null ? rows : norm.Append(Graph, "final_norm", tensor, rows));
        return new ExportedModel(
            Graph,
            Shape.HiddenSize,
            Shape.VocabSize,
            Graph.ContextLength,
            ReferenceEquals(head.Matrix, Tokens),
            _tables)
        {
            EmbeddingScale = EmbeddingScale,
        };
    }

    private static int ContextLength(int? most, DecoderShape shape, ConfigJson config) =>
        most is not { } wanted ? shape.ContextLength
        : wanted >= 1 && wanted <= shape.Reach ? wanted
        : throw new RefusedException($"--context-length is {wanted}; the model has 1..{shape.Reach} positions"
            + (wanted > shape.Reach && RotaryFrequencies.IsDynamic(config)
                ? ", and beyond them its 'dynamic' rotary scaling turns by other angles with every token"
                : ""));

    private ExportedModel FinishWhole(Norm? norm, string tensor, ResidualStream stream)
    {
        var labels = _end == DecoderEnd.Classes ? Labels.Read(_config)
            : _end == DecoderEnd.Tokens ? Labels.OfTokens(_config) : null;
        var rows = stream.Sum("residual");
        if (_end == DecoderEnd.Classes)
        {
            rows = LastRow.Append(Graph, rows);
            Graph.EndsArePadding = (_config.TokenIds("pad_token_id") ?? [])
                .Intersect(_config.TokenIds("eos_token_id") ?? []).Any();
        }

        rows = norm is null ? rows : norm.Append(Graph, "final_norm", tensor, rows);
        if (_end == DecoderEnd.Classes)
        {
            new ClassifierHead(null, "", "score") { HasBias = false }.Append(Graph, rows, labels!.Names.Count);
        }
        else if (_end == DecoderEnd.Tokens)
        {
            // Families differ in what they call it.
            var head = Graph.Tensors.Has("score.weight") ? "score" : "classifier";
            RowHead.AppendLabels(Graph, rows, head, labels!.Names.Count);
        }
        else if (_end == DecoderEnd.Answer)
        {
            RowHead.AppendAnswer(Graph, rows, "qa_outputs");
        }
        else
        {
            HiddenRows.Append(Graph, rows);
        }

        return new ExportedModel(
            Graph, Shape.HiddenSize, Shape.VocabSize, _mostTokens, IsTied: false, _tables)
        {
            EmbeddingScale = EmbeddingScale,
            Labels = labels,
        };
    }
}
