using System.Text.Json;
using Stip.Onnx.Model;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Models;

/// <summary>An encoder and a decoder with one layer that attends to its own rows and to the source.</summary>
/// <param name="Model">Its id.</param>
/// <param name="SourceLength">Most rows of a source.</param>
/// <param name="IsMerged">True for a decoder that is both steps in one graph.</param>
internal sealed record TinySequence(string Model = "pair", int SourceLength = 40, bool IsMerged = false)
{
    private const int Hidden = TinyDecoder.HiddenSize;
    private const int Vocab = TinyDecoder.VocabSize;

    /// <summary>Sequences of the encoder's mask: any number, or one that is fixed.</summary>
    public Axis MaskBatch { get; init; } = "batch";

    /// <summary>What a mask does to the rows that it leaves out: takes them out of the sums, or makes them count as if
    /// they were as like as any.</summary>
    public bool LeavesOut { get; init; }

    /// <summary>Whether its encoder has positions for as many rows as these are wide: it runs no source of another
    /// length, and its axes do not say so.</summary>
    public bool HasPositions { get; init; }

    /// <summary>The same of its decoder's first step.</summary>
    public bool HasDecoderPositions { get; init; }

    /// <summary>True for an encoder as those of pictures, without a mask, that gives two rows of states for each row.
    /// </summary>
    public bool GivesTwoRows { get; init; }

    /// <summary>Numbers instead of names for what its graphs take and give.</summary>
    public bool IsRenamed { get; init; }

    /// <summary>Writes the package's files and <c>stip.json</c>.</summary>
    public PackageManifest WriteTo(string folder)
    {
        Directory.CreateDirectory(folder);
        var cache = new CacheManifest(
            "growing", 1, 1, Hidden, Tensors: [Kept("decoder.key"), Kept("decoder.value")],
            Cross: [Kept("encoder.key"), Kept("encoder.value")]);
        var graphs = new Dictionary<string, GraphManifest>
        {
            ["encoder"] = Save(folder, "encoder_model.onnx", Encoder()),
        };
        if (IsMerged)
        {
            var decoder = Decoder(isFirst: false, isMerged: true);
            graphs["decoder"] = Save(folder, "decoder_model_merged.onnx", decoder) with { Cache = cache };
        }
        else
        {
            graphs["decoder"] = Save(folder, "decoder_model.onnx", Decoder(isFirst: true));
            graphs["decoder_with_past"] =
                Save(folder, "decoder_with_past_model.onnx", Decoder(isFirst: false)) with { Cache = cache };
        }

        graphs = IsRenamed ? RenamedGraphs.Of(folder, graphs) : graphs;
        return PackageFiles.Describe(folder, new PackageManifest(
            PackageManifest.CurrentProtocol, Model, "instance-s", 1, "none", "none", "", Hidden, Vocab,
            TinyDecoder.ContextLength, "float32", TinyDecoder.MaxTopK, graphs, [])
        {
            SourceLength = SourceLength,
        });
    }

    private static GraphManifest Save(string folder, string file, GraphBuilder graph)
    {
        graph.Save(Path.Combine(folder, file));
        return new GraphManifest(file, GraphSignature.Inputs(graph.Graph), GraphSignature.Outputs(graph.Graph));
    }

    private static CacheTensorManifest Kept(string name) => new(
        $"past_key_values.0.{name}", $"present.0.{name}",
        [Axis("batch"), Axis(1), Axis("length"), Axis(Hidden)]);

    private static JsonElement Axis<T>(T axis) => JsonSerializer.SerializeToElement(axis);

    private GraphBuilder Encoder()
    {
        var graph = new GraphBuilder("encoder");
        var rows = graph.AddInput("inputs_embeds", TensorDtype.Float32, "batch", "source", Hidden);
        if (!GivesTwoRows)
        {
            graph.AddInput("attention_mask", TensorDtype.Int64, MaskBatch, "source");
        }

        rows = HasPositions ? graph.Add("Add", "placed", [rows, Weight(graph, "positions", Hidden)]) : rows;
        var mixed = Attend(
            graph, "self", rows, Heads(graph, "self.k", rows), Heads(graph, "self.v", rows),
            GivesTwoRows ? null : "attention_mask");
        mixed = GivesTwoRows ? graph.Add("Concat", "twice", [mixed, mixed], NodeAttribute.Int("axis", 1)) : mixed;
        graph.Append("", "Tanh", "states", [mixed], ["last_hidden_state"]);
        graph.AddOutput(
            "last_hidden_state", TensorDtype.Float32, "batch", GivesTwoRows ? "states" : "source", Hidden);
        return graph;
    }

    private GraphBuilder Decoder(bool isFirst, bool isMerged = false)
    {
        var graph = new GraphBuilder("decoder");
        var rows = graph.AddInput("inputs_embeds", TensorDtype.Float32, "batch", "seq", Hidden);
        rows = HasDecoderPositions && isFirst
            ? graph.Add("Add", "placed", [rows, Weight(graph, "positions", Hidden)])
            : rows;
        graph.AddInput("encoder_attention_mask", TensorDtype.Int64, "batch", "source");
        if (isFirst || isMerged)
        {
            graph.AddInput("encoder_hidden_states", TensorDtype.Float32, "batch", "states", Hidden);
        }

        if (isMerged)
        {
            graph.AddInput("use_cache_branch", TensorDtype.Bool, 1);
        }

        var (key, value) = (Own(graph, "key", rows, isFirst), Own(graph, "value", rows, isFirst));
        rows = Attend(graph, "own", rows, key, value, mask: null);
        rows = Attend(
            graph, "cross", rows, Cross(graph, "key", isFirst, isMerged), Cross(graph, "value", isFirst, isMerged),
            "encoder_attention_mask");
        graph.Append("", "MatMul", "head", [rows, Weight(graph, "head.weight", Vocab)], ["logits"]);
        graph.AddOutput("logits", TensorDtype.Float32, "batch", "seq", Vocab);
        return graph;
    }

    // [batch, 1, length, hidden]: those of the rows, behind those of earlier steps.
    private static string Own(GraphBuilder graph, string part, string rows, bool isFirst)
    {
        var (present, made) = ($"present.0.decoder.{part}", Heads(graph, $"own.{part}", rows));
        if (isFirst)
        {
            graph.Append("", "Identity", present, [made], [present]);
        }
        else
        {
            var past = graph.AddInput(
                $"past_key_values.0.decoder.{part}", TensorDtype.Float32, "batch", 1, "past", Hidden);
            graph.Append("", "Concat", present, [past, made], [present], NodeAttribute.Int("axis", 2));
        }

        graph.AddOutput(present, TensorDtype.Float32, "batch", 1, "total", Hidden);
        return present;
    }

    private static string Cross(GraphBuilder graph, string part, bool isFirst, bool isMerged)
    {
        if (isMerged)
        {
            return Merged(graph, part);
        }

        if (!isFirst)
        {
            return graph.AddInput(
                $"past_key_values.0.encoder.{part}", TensorDtype.Float32, "batch", 1, "source", Hidden);
        }

        var present = $"present.0.encoder.{part}";
        graph.Append(
            "", "Identity", present, [Heads(graph, $"cross.{part}", "encoder_hidden_states")], [present]);
        graph.AddOutput(present, TensorDtype.Float32, "batch", 1, "source", Hidden);
        return present;
    }

    // What earlier steps gave, and behind it what the states give at the first: then the one has no rows, later the
    // other.
    private static string Merged(GraphBuilder graph, string part)
    {
        var (present, made) = ($"present.0.encoder.{part}", Heads(graph, $"cross.{part}", "encoder_hidden_states"));
        var past = graph.AddInput(
            $"past_key_values.0.encoder.{part}", TensorDtype.Float32, "batch", 1, "kept", Hidden);
        var later = graph.Add(
            "Cast", $"{part}.later", ["use_cache_branch"],
            NodeAttribute.Int("to", (int)TensorProto.Types.DataType.Int64));
        var end = graph.Add("Mul", $"{part}.end", [
            graph.Add("Sub", $"{part}.first", [graph.Shared("one", 1), later]), graph.Shared("many", 1 << 20)]);
        var rows = graph.Add("Slice", $"{part}.rows", [made, graph.Shared("zero", 0), end, graph.Shared("two", 2)]);
        graph.Append("", "Concat", present, [past, rows], [present], NodeAttribute.Int("axis", 2));
        graph.AddOutput(present, TensorDtype.Float32, "batch", 1, "source", Hidden);
        return present;
    }

    private static string Heads(GraphBuilder graph, string name, string rows) => graph.Add(
        "Unsqueeze", $"{name}.heads",
        [graph.Add("MatMul", name, [rows, Weight(graph, $"{name}.weight", Hidden)]), graph.Shared("one", 1)]);

    // The rows, and what they see.
    private string Attend(
        GraphBuilder graph, string name, string rows, string keys, string values, string? mask)
    {
        var queries = graph.Add("Unsqueeze", $"{name}.queries", [rows, graph.Shared("one", 1)]);
        var turned = graph.Add("Transpose", $"{name}.turned", [keys], NodeAttribute.Ints("perm", 0, 1, 3, 2));
        var scores = graph.Add("MatMul", $"{name}.scores", [queries, turned]);
        if (mask is not null)
        {
            var ones = graph.Add(
                "Cast", $"{name}.ones", [mask], NodeAttribute.Int("to", (int)TensorProto.Types.DataType.Float));
            ones = graph.Add("Unsqueeze", $"{name}.mask", [ones, graph.Shared("one.two", 1, 2)]);
            scores = LeavesOut
                ? graph.Add("Add", $"{name}.masked", [scores, graph.Add("Log", $"{name}.bias", [ones])])
                : graph.Add("Mul", $"{name}.masked", [scores, ones]);
        }

        var shares = graph.Add("Softmax", $"{name}.shares", [scores], NodeAttribute.Int("axis", -1));
        var seen = graph.Add(
            "Squeeze", $"{name}.seen", [graph.Add("MatMul", $"{name}.sum", [shares, values]), graph.Shared("one", 1)]);
        return graph.Add("Add", $"{name}.rows", [rows, seen]);
    }

    private static string Weight(GraphBuilder graph, string name, int columns)
    {
        // Both steps of the decoder have the same.
        var random = new Random(name.Sum(letter => letter) * 31);
        var values = Enumerable.Range(0, Hidden * columns).Select(_ => (random.NextSingle() * 2 - 1) * 0.4f);
        return graph.AddWeight(
            name, Onnx.Model.Weight.FromFloats(TensorDtype.Float32, [Hidden, columns], [.. values]));
    }
}
