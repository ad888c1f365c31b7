using System.Text.Json;
using Stip.Export.Architectures;
using Stip.Export.Architectures.Joined;
using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Export.Checkpoints.Tokenizers;
using Stip.Export.Terminal;
using Stip.Keys.Bundles;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Protocol;
using Stip.Protocol.Tensors;

namespace Stip.Export.Writing;

/// <summary>Writes what <c>export</c> leaves: graphs, client's tables, manifest, and the small files of the
/// source.</summary>
internal static class ExportedFolder
{
    /// <returns>What the developer should know, a line each.</returns>
    public static async Task<IReadOnlyList<string>> WriteAsync(
        Checkpoint checkpoint, TensorDtype dtype, string folder, CancellationToken cancellation)
    {
        var architecture = SupportedArchitectures.Of(checkpoint.Config, checkpoint.Sentence is not null);
        if (checkpoint.Tower is { } tower && architecture is not (TwoTowers or Clap))
        {
            throw new RefusedException(
                $"--tower is {tower}; {architecture.Name} has one tower, and --tower is for models with two");
        }

        if (checkpoint.Task is { } task && !checkpoint.Config.Has("lora_adaptations")
            && !checkpoint.Config.Has("languages"))
        {
            throw new RefusedException(
                $"--task is {task}; it is for models with tasks of their own, and {architecture.Name} has none");
        }

        var model = architecture.Build(
            checkpoint.Completed(PublishedDefaults.Of(architecture.ModelType)), dtype);
        VoidFields.Pass(checkpoint.Config);
        if (checkpoint.MostPositions is { } most
            && model is not { Graph: DecoderGraph { HasCache: true }, WholeGraphs: null })
        {
            throw new RefusedException($"--context-length is {most}; it is for decoders, and this model is none");
        }

        if (model.WholeGraphs is not null && checkpoint.Sentence is not null)
        {
            throw new RefusedException($"architecture '{architecture.Name}' becomes an encoder and a decoder, which do "
                + "not embed texts; export the folder of its Transformer module alone");
        }

        if (checkpoint.Sentence is not null && !SentenceLayers.HasFeatures(model.Graph))
        {
            throw new RefusedException($"architecture '{architecture.Name}' gives no features of texts, which "
                + $"{SentenceModules.FileName} pools; export the folder of its Transformer module alone");
        }

        SentenceLayers.Append(model.Graph, checkpoint);
        checkpoint.RefuseUnused();
        if (model.WholeGraphs is { } whole)
        {
            await WriteWholeAsync(checkpoint, whole, folder, cancellation);
            return Warnings(whole.Values);
        }

        var graphs = ExportedGraph.Of(model).ToList();
        var fitted = model.Tables.Count > 0 ? new FittedTokenizer(checkpoint.Files, model.VocabSize) : null;
        await WriteGraphsAsync(
            [.. graphs.Select(graph => (graph.File, graph.Model))], folder, cancellation);
        if (model.Tables.Count > 0)
        {
            WriteTables(model, Path.Combine(folder, BundleManifest.EmbeddingFileName));
        }

        SourceFiles.Copy(fitted ?? checkpoint.Files, folder);
        var manifest = Describe(checkpoint, architecture, model, graphs, dtype);
        await using var stream = File.Create(Path.Combine(folder, ExportManifest.FileName));
        await JsonSerializer.SerializeAsync(stream, manifest, StipJson.File, cancellation);
        string[] warnings = fitted?.Warning is { } warning ? [warning] : [];
        return [
            .. warnings, .. Lengthened(model.Graph), .. Padded(model.Graph),
            .. Warnings(graphs.Select(graph => graph.Model)),
        ];
    }

    private static IEnumerable<string> Lengthened(ModelGraph graph) =>
        graph is DecoderGraph { Named: { } named, ContextLength: var length }
            ? [
                $"--context-length is {length}, more than the {named} positions that config.json names: these may have "
                + "the factor of its rotary scaling in them already, and a model is not good beyond",
            ]
            : [];

    private static IEnumerable<string> Padded(ModelGraph graph) => graph is DecoderGraph { EndsArePadding: true }
        ? [
            "config.json: pad_token_id is an eos_token_id, so transformers judges a text that ends with it by the "
            + "token before; the graph judges by the last token of a text: leave the end token off",
        ]
        : [];

    private static IReadOnlyList<string> Warnings(IEnumerable<ModelGraph> graphs) =>
        graphs.SelectMany(graph => graph.Widened).ToList() is [var first, ..] widened
            ? [
                $"{widened.Count} layers of experts are stored in 4-bit blocks with minima or of several types and are "
                + $"widened, first '{first}': the runtime's operator for 4-bit experts takes blocks without (Q4_0), "
                + "and experts as products of their own must be at most 16, without biases or limits",
            ]
            : [];

    // As other exporters leave it: whoever reads it finds all parts by what the graphs do.
    private static async Task WriteWholeAsync(
        Checkpoint checkpoint,
        IReadOnlyDictionary<string, ModelGraph> graphs,
        string folder,
        CancellationToken cancellation)
    {
        await WriteGraphsAsync([.. graphs.Select(graph => (graph.Key, graph.Value))], folder, cancellation);
        SourceFiles.Copy(checkpoint.Files, folder);
        if (checkpoint.Files.Find("config.json") is { } config)
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, "config.json"), config, cancellation);
        }
    }

    private static async Task WriteGraphsAsync(
        IReadOnlyList<(string File, ModelGraph Model)> graphs, string folder, CancellationToken cancellation)
    {
        var total = graphs.Sum(graph => graph.Model.Graph.WeightBytes);
        await ByteProgress.RunAsync("weights", total, report => Task.Run(
            () =>
            {
                var before = 0L;
                foreach (var graph in graphs)
                {
                    graph.Model.Graph.Save(Path.Combine(folder, graph.File), done =>
                    {
                        cancellation.ThrowIfCancellationRequested();
                        report(before + done);
                    });
                    before += graph.Model.Graph.WeightBytes;
                }
            },
            cancellation));
    }

    private static void WriteTables(ExportedModel model, string path)
    {
        using var stream = File.Create(path);
        SafetensorsWriter.Write(stream, [.. model.Tables.Select(table =>
            new SafetensorsWriter.Source(table.Key, table.Value.Dtype, table.Value.Shape, table.Value.CopyTo))]);
    }

    private static ExportManifest Describe(
        Checkpoint checkpoint,
        IArchitecture architecture,
        ExportedModel model,
        IReadOnlyList<ExportedGraph> graphs,
        TensorDtype dtype)
    {
        var tokens = SpecialTokens.Read(checkpoint);
        var clients = graphs.Where(graph => graph.IsClient).ToDictionary(
            graph => graph.Role, graph => graph.DescribeClient());
        return new ExportManifest(
            ExportManifest.CurrentFormat,
            checkpoint.Name,
            model.Kind,
            architecture.Name,
            model.HiddenSize,
            model.VocabSize,
            model.ContextLength,
            dtype.WireName(),
            WireDtype(model).WireName(),
            model.IsTied,
            tokens.Bos,
            tokens.Eos,
            new EmbeddingManifest([.. model.Tables.Keys], model.EmbeddingScale),
            graphs.Where(graph => !graph.IsClient).ToDictionary(graph => graph.Role, graph => graph.Describe()))
        {
            ClientGraphs = clients.Count > 0 ? clients : null,
            Joins = model.Vision is null ? null :
            [
                new PortJoin(
                    $"{GraphRoles.Vision}.{EncoderPorts.ImageFeatures}", $"{GraphRoles.Decoder}.{DecoderPorts.Embeds}"),
            ],
            Labels = model.Labels?.Names,
            LabelScores = model.Labels is { AreValues: true } ? "none"
                : model.Labels is { AreExclusive: false } ? "sigmoid" : null,
            Pooling = checkpoint.Sentence?.Pooling ?? model.Pooling,
            Normalize = checkpoint.Sentence?.Normalizes,
            Prompt = checkpoint.Sentence?.Prompt,
            Prompts = checkpoint.Sentence?.Prompts,
            ImageTokenId = model.ImageTokenId,
            FillTokenId = model.FillTokenId,
        };
    }

    // Sums and multiples of table rows need float32, and so do rows of images and of whole texts; others travel as they
    // are stored.
    private static TensorDtype WireDtype(ExportedModel model) =>
        model.Kind != ModelKinds.Encoder && model.Tables.Count == 1 && model.Patches is null
        && model.EmbeddingScale is 1
        ? model.Tables[EmbeddingManifest.Token].Dtype
        : TensorDtype.Float32;
}
